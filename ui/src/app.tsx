import { Boundary, Problem } from "./components/problem";
import { Shell } from "./components/shell";
import { SignIn } from "./components/sign-in";
import { Waiting } from "./components/small";
import { ApiError } from "./api/client";
import { useLive } from "./api/live";
import { useMe } from "./api/queries";
import { EntityPage } from "./pages/entity/page";
import { HomePage } from "./pages/home/page";
import { SearchPage } from "./pages/search/page";
import { usePath } from "./router";

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
          <Route path={path} />
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
  if (path === "/") return <HomePage />;
  if (path === "/search") return <SearchPage />;
  const ref = /^\/entity\/([^/]+)\/?$/.exec(path)?.[1];
  if (ref) return <EntityPage key={ref} entityRef={decodeURIComponent(ref)} />;
  return <Problem error={new ApiError(404, "not_found", `There is no page at ${path}.`)} />;
}
