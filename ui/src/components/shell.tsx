/** The frame around every page. */

import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { call } from "../api/client";
import type { Me } from "../api/types";
import { Link, usePath, useSearch } from "../router";
import { Icon, type IconName } from "./icons";
import { SearchBox } from "./search-box";
import { setTheme, useTheme, type Theme } from "./theme";

export function Shell({ me, children }: { me: Me | undefined; children: ReactNode }) {
  const path = usePath();
  const text = useSearch().get("q") ?? "";
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="bar">
        <Link className="brand" href="/" aria-label="Lineal, start page">
          <Mark />
          <span>Lineal</span>
        </Link>
        <div className="bar-search">{me && path !== "/" && <SearchBox text={path === "/search" ? text : ""} />}</div>
        <div className="bar-end">
          {me?.accounts && <Account name={me.principal} />}
          <ThemeSwitch />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M9 9.5v9a4 4 0 0 0 4 4h7" />
      <circle cx="9" cy="9" r="3.6" />
      <circle cx="22.5" cy="22.5" r="3.6" />
    </svg>
  );
}

function Account({ name }: { name: string }) {
  const client = useQueryClient();
  const signOut = async () => {
    await call("POST", "/sign-out");
    await client.resetQueries();
  };
  return (
    <>
      <span className="account" title={`Signed in as ${name}`}>
        {name}
      </span>
      <button type="button" className="quiet" onClick={() => void signOut()}>
        Sign out
      </button>
    </>
  );
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const ICONS: Record<Theme, IconName> = { system: "system", light: "sun", dark: "moon" };

function ThemeSwitch() {
  const theme = useTheme();
  const name = theme === "system" ? "as the system" : theme;
  return (
    <button
      type="button"
      className="icon-button"
      onClick={() => setTheme(NEXT[theme])}
      aria-label={`Colours: ${name}. Change to ${NEXT[theme]}`}
      title={`Colours: ${name}`}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
