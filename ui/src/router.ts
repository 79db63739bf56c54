/** The URL is the state: reading it, changing it, and links that do so without loading the page anew. */

import { createElement, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";

const MOVED = "lineal:moved";

/** Go to an address of this site. `replace` leaves no entry behind in the browser's history. */
export function navigate(to: string, options: { replace?: boolean; keepScroll?: boolean } = {}): void {
  const { replace = false, keepScroll = replace } = options;
  const before = location.pathname;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  dispatchEvent(new Event(MOVED));
  if (!keepScroll) scrollTo(0, 0);
  if (location.pathname !== before) document.getElementById("main")?.focus({ preventScroll: true });
}

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  addEventListener(MOVED, listener);
  return () => {
    removeEventListener("popstate", listener);
    removeEventListener(MOVED, listener);
  };
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

export function useSearch(): URLSearchParams {
  return new URLSearchParams(useSyncExternalStore(subscribe, () => location.search));
}

type Params = Record<string, string | string[] | null>;

/** `?a=1&b=2` of what is given; empty without anything. */
export function queryText(params: Params): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    for (const each of Array.isArray(value) ? value : value === null ? [] : [value]) search.append(key, each);
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

/** The current address with some parameters changed; null removes one. */
export function withParams(changes: Params): string {
  const search = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    search.delete(key);
    for (const each of Array.isArray(value) ? value : value === null ? [] : [value]) search.append(key, each);
  }
  const text = search.toString();
  return location.pathname + (text ? `?${text}` : "");
}

type LinkProps = AnchorHTMLAttributes<HTMLAnchorElement> & { href: string; keepScroll?: boolean };

/** An anchor; a plain click stays within the page, every other (new tab, new window) is the browser's. */
export function Link({ keepScroll = false, onClick, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (event.defaultPrevented || !plain || rest.target) return;
    event.preventDefault();
    navigate(rest.href, { keepScroll });
  };
  return createElement("a", { ...rest, onClick: follow });
}

export const entityHref = (ref: string | number): string => `/entity/${encodeURIComponent(ref)}`;
export const kindHref = (kind: string): string => `/search?kind=${encodeURIComponent(kind)}`;
