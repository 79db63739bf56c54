/** The search field with results while typing. `/` and Ctrl-K lead to it from anywhere. */

import { useEffect, useId, useMemo, useRef, useState, type FocusEvent, type FormEvent, type KeyboardEvent } from "react";
import { useFind } from "../api/queries";
import type { Entity, Page, Query } from "../api/types";
import { count } from "../format/number";
import { matchOf, wordsOf } from "../format/matches";
import { capital, kindName, plural, shortTitle, title } from "../format/words";
import { entityHref, navigate, queryText } from "../router";
import { Icon, KindIcon } from "./icons";
import { useKeys } from "./keys";
import { MarkedText } from "./marked-text";
import { recent, type Seen } from "./recent";
import { Ago } from "./small";

const PAUSE = 120;
const FEW = 8;
const KINDS_SHOWN = 6;

export function SearchBox({ text, large = false }: { text: string; large?: boolean }) {
  const box = useTypeAhead(text);
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  useShortcut(input);
  return (
    <form className="search-box" data-large={large} role="search" onSubmit={box.submit} onBlur={box.blur} onFocus={box.focus}>
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        name="q"
        role="combobox"
        autoComplete="off"
        spellCheck={false}
        placeholder="Search runs, models, data sets …"
        aria-label="Search"
        aria-expanded={box.open}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={box.active >= 0 ? `${list}-${box.active}` : undefined}
        value={box.value}
        onChange={(event) => box.type(event.target.value)}
        onKeyDown={box.press}
      />
      <kbd aria-hidden="true">/</kbd>
      <div className="suggestions" hidden={!box.open}>
        {box.page && <Kinds page={box.page} chosen={box.kind} choose={box.narrow} />}
        {!box.page && box.items.length > 0 && <p className="suggestions-head">Looked at last</p>}
        <ul id={list} role="listbox" aria-label="Suggestions">
          {box.open &&
            box.items.map((item, at) => (
              <Suggestion key={item.uuid} id={`${list}-${at}`} item={item} words={box.words} active={at === box.active} choose={box.choose} />
            ))}
        </ul>
        {box.page && <Foot page={box.page} text={box.value.trim()} kind={box.kind} />}
      </div>
    </form>
  );
}

function queryFor(text: string, kind: string): Query {
  return { text, kinds: kind ? [kind] : [], limit: FEW, parts: ["properties", "labels"], facets: ["kind"], count: true };
}

function useTypeAhead(text: string) {
  const [value, setValue] = useState(text);
  const [kind, setKind] = useState("");
  const [shown, setShown] = useState(false);
  const [active, setActive] = useState(-1);
  useEffect(() => setValue(text), [text]);
  const asked = useSettled(value.trim(), PAUSE);
  const typed = value.trim() !== "";
  const { data } = useFind(queryFor(asked, kind), shown && asked !== "");
  const page = shown && typed && asked ? data : undefined;
  const items: (Entity | Seen)[] = useMemo(() => (page ? page.entities : shown && !typed ? recent() : []), [page, shown, typed]);
  const words = useMemo(() => (page ? wordsOf(page.corrected || asked) : []), [page, asked]);
  const open = shown && (items.length > 0 || page !== undefined);
  const hide = () => {
    setShown(false);
    setActive(-1);
  };
  const choose = ({ uuid }: Seen) => {
    hide();
    navigate(entityHref(uuid));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const chosen = open ? items[active] : undefined;
    if (chosen) return choose(chosen);
    hide();
    navigate(`/search${queryText({ q: value.trim() || null, kind: kind || null })}`);
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && open) {
      event.preventDefault();
      hide();
    } else if (step) {
      event.preventDefault();
      setShown(true);
      if (items.length) setActive(((active + step + 1 + items.length + 1) % (items.length + 1)) - 1);
    }
  };
  const type = (next: string) => {
    setValue(next);
    setShown(true);
    setActive(-1);
    if (!next.trim()) setKind("");
  };
  const narrow = (next: string) => {
    setKind(next);
    setActive(-1);
  };
  const blur = (event: FocusEvent<HTMLFormElement>) => {
    if (!event.currentTarget.contains(event.relatedTarget)) hide();
  };
  const focus = () => setShown(true);
  return { value, kind, open, active, items, words, page, choose, submit, press, type, narrow, blur, focus };
}

/** The value once it has stayed the same for a moment. */
function useSettled(value: string, pause: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pause);
    return () => clearTimeout(timer);
  }, [value, pause]);
  return settled;
}

function useShortcut(input: React.RefObject<HTMLInputElement | null>): void {
  useKeys({ "/": () => input.current?.select() });
  useEffect(() => {
    const press = (event: globalThis.KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      input.current?.select();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [input]);
}

/** How many there are of each kind; a press narrows to it. */
function Kinds({ page, chosen, choose }: { page: Page; chosen: string; choose: (kind: string) => void }) {
  const counts = Object.entries(page.facets?.["kind"] ?? {}).sort(([, a], [, b]) => b - a);
  if (counts.length === 0 || (counts.length === 1 && !chosen)) return null;
  return (
    <div className="suggestion-kinds" role="group" aria-label="Only of one kind">
      {chosen && (
        <button type="button" className="chip" onClick={() => choose("")}>
          <Icon name="left" /> All kinds
        </button>
      )}
      {counts.slice(0, KINDS_SHOWN).map(([kind, number]) => (
        <button key={kind} type="button" className="chip" aria-pressed={kind === chosen} onClick={() => choose(kind === chosen ? "" : kind)}>
          {capital(plural(kind))} <span className="muted">{count(number)}</span>
        </button>
      ))}
    </div>
  );
}

interface SuggestionProps {
  id: string;
  item: Entity | Seen;
  words: string[];
  active: boolean;
  choose: (item: Seen) => void;
}

function Suggestion({ id, item, words, active, choose }: SuggestionProps) {
  const entity = "id" in item ? item : null;
  const match = entity && matchOf(entity, words);
  return (
    <li
      id={id}
      role="option"
      aria-selected={active}
      // The field would lose the focus, and with it this list, before the click arrives.
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => choose(item)}
    >
      <KindIcon kind={item.kind} />
      <span className="suggestion-text">
        <span className="suggestion-name" title={title(item)}>
          <MarkedText text={shortTitle(item)} words={words} />
        </span>
        {match && (
          <span className="suggestion-match">
            {match.where}: <MarkedText text={match.text} words={words} />
          </span>
        )}
      </span>
      <span className="suggestion-detail">
        {kindName(item.kind)} · {entity?.owner ?? item.namespace}
        {entity?.updated !== undefined && (
          <>
            {" · "}
            <Ago at={entity.updated} />
          </>
        )}
      </span>
    </li>
  );
}

function Foot({ page, text, kind }: { page: Page; text: string; kind: string }) {
  if (page.entities.length === 0) return <p className="suggestions-foot">Nothing matches “{text}”.</p>;
  const of = kind ? ` ${plural(kind)}` : "";
  return (
    <p className="suggestions-foot">
      {page.corrected && `Shown for “${page.corrected}”. `}
      <kbd>↵</kbd> shows all {count(page.total ?? 0)}
      {of} · <kbd>↑</kbd> <kbd>↓</kbd> to choose
    </p>
  );
}
