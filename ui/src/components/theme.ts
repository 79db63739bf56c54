/** Light, dark or as the system has it; kept in this browser. `public/theme.js` applies it before the first paint. */

import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark" | "system";

const KEY = "lineal.theme";
const CHANGED = "lineal:theme";

export function currentTheme(): Theme {
  const theme = document.documentElement.dataset["theme"];
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function setTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Where storage is forbidden the choice lasts until the page is left.
  }
  dispatchEvent(new Event(CHANGED));
}

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function subscribe(listener: () => void): () => void {
  addEventListener(CHANGED, listener);
  systemIsDark.addEventListener("change", listener);
  return () => {
    removeEventListener(CHANGED, listener);
    systemIsDark.removeEventListener("change", listener);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme);
}

/** Whether dark colours are shown now, for what is drawn on a canvas. */
export function useIsDark(): boolean {
  return useSyncExternalStore(subscribe, () => (currentTheme() === "system" ? systemIsDark.matches : currentTheme() === "dark"));
}
