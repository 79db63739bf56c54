/** Narrowing the search: each value is a link to the same search with or without it. */

import { useState } from "react";
import { Icon, KindIcon } from "../../components/icons";
import { useFew } from "../../components/small";
import { count } from "../../format/number";
import { kindName } from "../../format/words";
import { Link, withParams } from "../../router";
import { FACETS, type Facet, type SearchState } from "./state";

const FEW = 8;
const HEADINGS: Record<Facet, string> = { kind: "Kind", namespace: "Namespace", owner: "Owner", label: "Label" };

interface FacetsProps {
  state: SearchState;
  /** undefined as long as they are on their way */
  counts: Record<string, Record<string, number>> | undefined;
}

export function Facets({ state, counts }: FacetsProps) {
  const [open, setOpen] = useState(() => matchMedia("(min-width: 900px)").matches);
  const chosen = FACETS.reduce((sum, facet) => sum + state.chosen[facet].length, 0);
  return (
    <details className="facets" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Filters{chosen > 0 && ` (${chosen})`}</summary>
      {FACETS.map((facet) => (
        <FacetList key={facet} facet={facet} chosen={state.chosen[facet]} counts={counts?.[facet] ?? {}} />
      ))}
      {counts && (
        <section className="facet">
          <h2>State</h2>
          <Value href={toggledState(state)} on={state.state !== "active"} name="Include deleted" />
        </section>
      )}
    </details>
  );
}

function toggledState({ state }: SearchState): string {
  return withParams({ state: state === "active" ? "all" : null, cursor: null });
}

function FacetList({ facet, chosen, counts }: { facet: Facet; chosen: string[]; counts: Record<string, number> }) {
  const { shown, more } = useFew(valuesOf(chosen, counts), FEW);
  if (shown.length === 0) return null;
  return (
    <section className="facet">
      <h2>{HEADINGS[facet]}</h2>
      <ul>
        {shown.map((value) => (
          <li key={value}>
            <Value
              href={toggled(facet, chosen, value)}
              on={chosen.includes(value)}
              name={facet === "kind" ? kindName(value) : value}
              {...(facet === "kind" && { kind: value })}
              {...(value in counts && { number: counts[value]! })}
            />
          </li>
        ))}
      </ul>
      {more}
    </section>
  );
}

/** The chosen ones first, then those that are found most often. */
function valuesOf(chosen: string[], counts: Record<string, number>): string[] {
  const others = Object.keys(counts).filter((value) => value && !chosen.includes(value));
  others.sort((a, b) => counts[b]! - counts[a]! || a.localeCompare(b));
  return [...chosen, ...others];
}

function toggled(facet: Facet, chosen: string[], value: string): string {
  const values = chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value];
  return withParams({ [facet]: values, cursor: null });
}

interface ValueProps {
  href: string;
  on: boolean;
  name: string;
  kind?: string;
  number?: number;
}

function Value({ href, on, name, kind, number }: ValueProps) {
  return (
    <Link className="facet-value" href={href} keepScroll aria-current={on ? "true" : undefined} title={name}>
      <span className="facet-box">{on && <Icon name="check" />}</span>
      {kind && <KindIcon kind={kind} />}
      <span className="facet-name">{name}</span>
      {number !== undefined && <span className="facet-count">{count(number)}</span>}
    </Link>
  );
}
