import { useFind, useName } from "../../api/queries";
import type { Page } from "../../api/types";
import { Failure, Problem } from "../../components/problem";
import { Empty, NamedLink, usePageTitle, Waiting } from "../../components/small";
import { count } from "../../format/number";
import { capital, plural } from "../../format/words";
import { Link, navigate, useSearch, withParams } from "../../router";
import { Facets } from "./facets";
import { Results } from "./results";
import { queryOf, readState, type SearchState } from "./state";

export default function SearchPage() {
  const state = readState(useSearch());
  const { data, error, refetch, isPlaceholderData } = useFind(queryOf(state));
  usePageTitle(headingOf(state));
  if (error && !data) return <Problem error={error} retry={refetch} />;
  return (
    <div className="search">
      <Facets state={state} counts={data && (data.facets ?? {})} />
      <div className="found" aria-busy={isPlaceholderData} data-stale={isPlaceholderData}>
        <Heading state={state} page={data} />
        {error && data && <Failure error={error} retry={refetch} />}
        {data ? <Found state={state} page={data} /> : <Waiting lines={12} />}
      </div>
    </div>
  );
}

function Found({ state, page }: { state: SearchState; page: Page }) {
  if (page.entities.length === 0) {
    return <Empty>Nothing matches. {isNarrowed(state) && <Link href="/search">Start anew</Link>}</Empty>;
  }
  return (
    <>
      <Results entities={page.entities} order={state.order} />
      <Pager state={state} next={page.cursor ?? null} />
    </>
  );
}

function headingOf({ text, chosen }: SearchState): string {
  if (text) return `“${text}”`;
  return chosen.kind.length ? capital(chosen.kind.map(plural).join(", ")) : "Everything";
}

function isNarrowed({ text, chosen, home }: SearchState): boolean {
  return text !== "" || home !== "" || Object.values(chosen).some((values) => values.length > 0);
}

function Heading({ state, page }: { state: SearchState; page: Page | undefined }) {
  return (
    <header className="found-head">
      <h1>{headingOf(state)}</h1>
      <span className="muted" aria-live="polite">
        {page?.total != null && `${count(page.total)} found`}
      </span>
      {state.home && <InHome id={state.home} />}
      {page?.corrected && (
        <span className="muted">
          shown for <strong>{page.corrected}</strong>
        </span>
      )}
      <OrderChoice state={state} />
    </header>
  );
}

function InHome({ id }: { id: string }) {
  const { data } = useName(Number(id));
  return (
    <span className="muted in-home">
      in <NamedLink id={Number(id)} />{" "}
      <Link href={withParams({ home: null, cursor: null })} aria-label={`Search outside ${data?.name ?? "it"} too`}>
        anywhere
      </Link>
    </span>
  );
}

const ORDERS: [order: string, name: string][] = [
  ["", "Best match"],
  ["-updated", "Recently changed"],
  ["-created", "Newest"],
  ["created", "Oldest"],
  ["name", "Name"],
];

function OrderChoice({ state }: { state: SearchState }) {
  const orders = state.text ? ORDERS : ORDERS.slice(1);
  const known = orders.some(([order]) => order === state.order);
  const value = state.order || (state.text ? "" : "-updated");
  return (
    <label className="order">
      <span className="muted">Order</span>
      <select value={value} onChange={(event) => navigate(withParams({ order: event.target.value || null, cursor: null }))}>
        {orders.map(([order, name]) => (
          <option key={order} value={order}>
            {name}
          </option>
        ))}
        {!known && state.order && <option value={state.order}>By column</option>}
      </select>
    </label>
  );
}

function Pager({ state, next }: { state: SearchState; next: string | null }) {
  if (!state.cursor && !next) return null;
  return (
    <nav className="pager" aria-label="Pages">
      {state.cursor && <Link href={withParams({ cursor: null })}>First page</Link>}
      {state.cursor && (
        <button type="button" className="quiet" onClick={() => history.back()}>
          Back
        </button>
      )}
      {next && (
        <Link className="button" href={withParams({ cursor: next })} rel="next">
          Next page
        </Link>
      )}
    </nav>
  );
}
