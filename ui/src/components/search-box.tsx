/** The search field with suggestions while typing. `/` and Ctrl-K lead to it from anywhere. */

import { useEffect, useId, useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import { useSuggestions } from "../api/queries";
import type { Entity } from "../api/types";
import { kindName, shortTitle, title } from "../format/words";
import { entityHref, navigate } from "../router";
import { Icon, KindIcon } from "./icons";

const PAUSE = 120;

export function SearchBox({ text, large = false }: { text: string; large?: boolean }) {
  const box = useTypeAhead(text);
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  useShortcut(input);
  return (
    <form className="search-box" data-large={large} role="search" onSubmit={box.submit}>
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
        onBlur={box.hide}
      />
      <kbd aria-hidden="true">/</kbd>
      <Suggestions id={list} entities={box.open ? box.entities : []} active={box.active} choose={box.choose} />
    </form>
  );
}

function useTypeAhead(text: string) {
  const [value, setValue] = useState(text);
  const [shown, setShown] = useState(false);
  const [active, setActive] = useState(-1);
  useEffect(() => setValue(text), [text]);
  const asked = useSettled(value.trim(), PAUSE);
  const entities = useSuggestions(shown ? asked : "").data ?? [];
  const open = shown && value.trim() !== "" && entities.length > 0;
  const hide = () => {
    setShown(false);
    setActive(-1);
  };
  const choose = (entity: Entity) => {
    hide();
    navigate(entityHref(entity.uuid));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const chosen = open ? entities[active] : undefined;
    if (chosen) return choose(chosen);
    hide();
    navigate(value.trim() ? `/search?q=${encodeURIComponent(value.trim())}` : "/search");
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && open) {
      event.preventDefault();
      hide();
    } else if (step && entities.length) {
      event.preventDefault();
      setShown(true);
      setActive(((active + step + 1 + entities.length + 1) % (entities.length + 1)) - 1);
    }
  };
  const type = (next: string) => {
    setValue(next);
    setShown(true);
    setActive(-1);
  };
  return { value, open, active, entities, hide, choose, submit, press, type };
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
  useEffect(() => {
    const press = (event: globalThis.KeyboardEvent) => {
      const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
      const controlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
      if (!slash && !controlK) return;
      event.preventDefault();
      input.current?.select();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [input]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

interface SuggestionsProps {
  id: string;
  entities: Entity[];
  active: number;
  choose: (entity: Entity) => void;
}

function Suggestions({ id, entities, active, choose }: SuggestionsProps) {
  return (
    <ul id={id} role="listbox" aria-label="Suggestions" className="suggestions" hidden={entities.length === 0}>
      {entities.map((entity, at) => (
        <li
          key={entity.uuid}
          id={`${id}-${at}`}
          role="option"
          aria-selected={at === active}
          // The field would lose the focus, and with it this list, before the click arrives.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => choose(entity)}
        >
          <KindIcon kind={entity.kind} />
          <span className="suggestion-name" title={title(entity)}>
            {shortTitle(entity)}
          </span>
          <span className="suggestion-detail">
            {kindName(entity.kind)} · {entity.namespace}
          </span>
        </li>
      ))}
    </ul>
  );
}
