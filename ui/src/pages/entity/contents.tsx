/** What the entity contains: an experiment's runs, a data set's columns. */

import { useState } from "react";
import { useFind } from "../../api/queries";
import type { Query } from "../../api/types";
import { RunTable } from "../../components/run-table";
import { Empty, EntityLink, Section } from "../../components/small";
import { count } from "../../format/number";
import { Link } from "../../router";
import { queryOf, readState } from "../search/state";

const FEW = 25;

function queryFor(id: number, order: string | null): Query {
  const search = new URLSearchParams({ home: String(id), order: order ?? "-created" });
  return { ...queryOf(readState(search)), facets: [], limit: FEW, parts: ["properties", "metrics"] };
}

/** `alone`: nothing else is shown about the entity. */
export function Contents({ id, alone }: { id: number; alone: boolean }) {
  const [order, setOrder] = useState<string | null>(null);
  const { data } = useFind(queryFor(id, order));
  if (!data) return null;
  if (data.entities.length === 0) return alone ? <Empty>Nothing more is recorded about it.</Empty> : null;
  const total = data.total ?? data.entities.length;
  return (
    <Section
      heading={<>Contains {count(total)}</>}
      aside={total > data.entities.length && <Link href={`/search?home=${id}`}>Show all</Link>}
    >
      {data.entities.every((entity) => entity.kind === "run") ? (
        <RunTable runs={data.entities} order={order ?? "-created"} sort={setOrder} />
      ) : (
        <ul className="links" data-columns>
          {data.entities.map((entity) => (
            <li key={entity.uuid}>
              <EntityLink entity={entity} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
