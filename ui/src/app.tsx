import { lazy, Suspense, type ComponentType } from "react";
import { Boundary, Problem } from "./components/problem";
import { Shell } from "./components/shell";
import { SignIn } from "./components/sign-in";
import { Waiting } from "./components/small";
import { ApiError } from "./api/client";
import { useLive } from "./api/live";
import { useMe } from "./api/queries";
import { HomePage } from "./pages/home/page";
import { usePath } from "./router";

const SearchPage = lazy(() => import("./pages/search/page"));
const EntityPage = lazy(() => import("./pages/entity/page"));
const RunsPage = lazy(() => import("./pages/runs/page"));
const ComparePage = lazy(() => import("./pages/compare/page"));
const ModelsPage = lazy(() => import("./pages/models/page"));
const DifferencePage = lazy(() => import("./pages/difference/page"));
const LineagePage = lazy(() => import("./pages/lineage/page"));
const ActivityPage = lazy(() => import("./pages/activity/page"));

const PAGES: Record<string, ComponentType> = {
  "/": HomePage,
  "/search": SearchPage,
  "/runs": RunsPage,
  "/compare": ComparePage,
  "/models": ModelsPage,
  "/difference": DifferencePage,
  "/lineage": LineagePage,
  "/activity": ActivityPage,
};

export function App() {
  const { data: me, error, refetch } = useMe();
  const path = usePath();
  const anonymous = error instanceof ApiError && error.code === "unauthenticated";
  useLive(me !== undefined && !anonymous);
  return (
    <Shell me={anonymous ? undefined : me}>
      <Boundary key={path}>
        {anonymous ? (
          <SignIn />
        ) : me ? (
          <Suspense fallback={<Waiting lines={10} />}>
            <Route path={path} />
          </Suspense>
        ) : error ? (
          <Problem error={error} retry={refetch} />
        ) : (
          <Waiting />
        )}
      </Boundary>
    </Shell>
  );
}

function Route({ path }: { path: string }) {
  const Page = PAGES[path];
  if (Page) return <Page />;
  const ref = /^\/entity\/([^/]+)\/?$/.exec(path)?.[1];
  if (ref) return <EntityPage key={ref} entityRef={decodeURIComponent(ref)} />;
  return <Problem error={new ApiError(404, "not_found", `There is no page at ${path}.`)} />;
}
