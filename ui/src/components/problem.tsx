/** What is shown in place of a page that cannot be shown. */

import { Component, type ReactNode } from "react";
import { ApiError } from "../api/client";
import { Link } from "../router";

interface Words {
  heading: string;
  advice: string;
}

const WORDS: Partial<Record<string, Words>> = {
  not_found: {
    heading: "Nothing here",
    advice: "It may have been removed, or you may not have been given access to it. Whoever owns it can tell you.",
  },
  denied: {
    heading: "You may not see this",
    advice: "Your account lacks the role that this needs. An administrator can grant it.",
  },
  invalid: { heading: "That address makes no sense", advice: "Check what follows the last slash, or search by name." },
  unreachable: { heading: "The server cannot be reached", advice: "Check your connection. The page comes back by itself." },
  unavailable: { heading: "The server is busy", advice: "Try again in a moment." },
};
const FINAL = new Set(["not_found", "denied", "invalid"]);
const OTHER: Words = { heading: "Something went wrong", advice: "Try again. If it stays, the server's log says more." };

export function Problem({ error, retry }: { error: Error; retry?: () => void }) {
  const code = error instanceof ApiError ? error.code : "internal";
  const { heading, advice } = WORDS[code] ?? OTHER;
  return (
    <div className="problem" role="alert">
      <h1>{heading}</h1>
      <p>{advice}</p>
      <p className="muted">{error.message}</p>
      <p className="row">
        {retry && !FINAL.has(code) && (
          <button type="button" onClick={retry}>
            Try again
          </button>
        )}
        <Link className="button" href="/">
          Go to the start page
        </Link>
      </p>
    </div>
  );
}

/** The same in small, inside a page of which the rest is fine. */
export function Failure({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <p className="failure" role="alert">
      {error.message}{" "}
      <button type="button" className="quiet" onClick={retry}>
        Try again
      </button>
    </p>
  );
}

/** Catches a defect of a page, so that the rest of the site stays usable. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    return error ? <Problem error={error} retry={() => this.setState({ error: null })} /> : this.props.children;
  }
}
