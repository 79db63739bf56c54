import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { ApiError, call } from "../api/client";
import { usePageTitle } from "./small";

export function SignIn() {
  usePageTitle("Sign in");
  const client = useQueryClient();
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await call("POST", "/sign-in", { name: form.get("name"), password: form.get("password") });
      await client.resetQueries();
    } catch (error) {
      setProblem(inWords(error));
      setBusy(false);
    }
  };
  return (
    <form className="sign-in" onSubmit={(event) => void submit(event)}>
      <h1>Sign in</h1>
      <label>
        Name
        <input name="name" autoComplete="username" required autoFocus spellCheck={false} autoCapitalize="none" />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <p className="failure" role="alert">
        {problem}
      </p>
      <button type="submit" className="primary" disabled={busy}>
        Sign in
      </button>
    </form>
  );
}

function inWords(error: unknown): string {
  if (error instanceof ApiError && error.code === "unauthenticated") return "Name and password do not match.";
  return error instanceof Error ? error.message : String(error);
}
