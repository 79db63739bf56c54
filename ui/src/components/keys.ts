/** Keyboard shortcuts: single keys and `g` followed by a letter, never while somebody types. */

import { useEffect, useRef } from "react";

const PATIENCE = 1200;

/** `{"?": help, "g r": toRuns}`; a handler that returns false leaves the key to the browser. */
export type Keys = Record<string, () => void | false>;

export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const press = follower(() => current.current);
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

/** Tells keys that are pressed from those of a sequence. */
export function follower(keys: () => Keys, now: () => number = Date.now): (event: KeyboardEvent) => void {
  let first = "";
  let since = 0;
  return (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const sequence = now() - since < PATIENCE && first ? `${first} ${event.key}` : "";
    const handle = keys()[sequence] ?? keys()[event.key];
    first = event.key === "g" && !sequence ? "g" : "";
    since = now();
    if (handle && handle() !== false) event.preventDefault();
  };
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest("dialog[open]") !== null || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !isSwitch(target);
}

function isSwitch(target: HTMLElement): boolean {
  return target instanceof HTMLInputElement && /^(checkbox|radio|range)$/.test(target.type);
}
