/** The frame around every page. */

import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { call } from "../api/client";
import type { Me } from "../api/types";
import { Link, navigate, usePath, useSearch } from "../router";
import { Help } from "./help";
import { Icon, type IconName } from "./icons";
import { useKeys } from "./keys";
import { forget } from "./recent";
import { SearchBox } from "./search-box";
import { currentTheme, setTheme, useTheme, type Theme } from "./theme";

export function Shell({ me, children }: { me: Me | undefined; children: ReactNode }) {
  const path = usePath();
  const text = useSearch().get("q") ?? "";
  const [helping, setHelping] = useState(false);
  useKeys({
    "?": () => setHelping(true),
    t: () => setTheme(NEXT[currentTheme()]),
    "g h": () => navigate("/"),
    ...Object.fromEntries(PLACES.map(({ key, href }) => [`g ${key}`, () => navigate(href)])),
  });
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
        <Navigation path={path} />
        <div className="bar-search">{me && path !== "/" && <SearchBox text={path === "/search" ? text : ""} />}</div>
        <div className="bar-end">
          {me?.accounts && <Account name={me.principal} />}
          <button type="button" className="icon-button" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={() => setHelping(true)}>
            <Icon name="keyboard" />
          </button>
          <ThemeSwitch />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      {helping && <Help close={() => setHelping(false)} />}
    </>
  );
}

interface Place {
  href: string;
  name: string;
  icon: IconName;
  key: string;
}

const PLACES: Place[] = [
  { href: "/search", name: "Find", icon: "search", key: "f" },
  { href: "/runs", name: "Runs", icon: "run", key: "r" },
  { href: "/models", name: "Models", icon: "model", key: "m" },
  { href: "/lineage", name: "Lineage", icon: "lineage", key: "l" },
  { href: "/activity", name: "Activity", icon: "activity", key: "a" },
];

function Navigation({ path }: { path: string }) {
  return (
    <nav className="places" aria-label="Places">
      {PLACES.map(({ href, name, icon }) => (
        <Link key={href} href={href} aria-current={path.startsWith(href) ? "page" : undefined}>
          <Icon name={icon} />
          <span>{name}</span>
        </Link>
      ))}
    </nav>
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
    forget();
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
