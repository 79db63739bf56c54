/** Addresses of MLflow's own web interface, which its client prints, lead to the same things here. */

import { entityHref, navigate } from "./router";

const PAGES: [RegExp, string][] = [
  [/^#\/experiments\/[^/?]+\/runs\/([^/?]+)/, "mlflow.run"],
  [/^#\/experiments\/[^/?]+\/models\/([^/?]+)/, "mlflow.logged_model"],
  [/^#\/experiments\/([^/?]+)/, "mlflow.experiment"],
];

/** The page here for the fragment of an address of MLflow's, if it is one. */
export function pageOf(hash: string): string | null {
  for (const [pattern, protocol] of PAGES) {
    const id = pattern.exec(hash)?.[1];
    if (id) return entityHref(`${protocol}:${decodeURIComponent(id)}`);
  }
  return null;
}

/** Go there now, and whenever such an address is entered later. */
export function followMlflowLinks(): void {
  const follow = () => {
    const page = pageOf(location.hash);
    if (page) navigate(page, { replace: true });
  };
  addEventListener("hashchange", follow);
  follow();
}
