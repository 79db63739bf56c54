/** The experiments beside the table; each is a link to its runs. */

import { useState } from "react";
import { Icon } from "../../components/icons";
import type { Entity } from "../../api/types";
import { ago } from "../../format/time";
import { title } from "../../format/words";
import { entityHref, Link, withParams } from "../../router";
import { Filter } from "../entity/properties";

const FILTER_FROM = 9;

export function Experiments({ experiments, chosen }: { experiments: Entity[]; chosen: number[] }) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(() => matchMedia("(min-width: 1000px)").matches);
  const found = experiments.filter((each) => title(each).toLowerCase().includes(text.toLowerCase()));
  return (
    <details className="experiments" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Experiments{chosen.length > 0 && ` (${chosen.length})`}</summary>
      {experiments.length >= FILTER_FROM && <Filter what="experiments" value={text} change={setText} />}
      <nav aria-label="Experiments">
        <Link className="facet-value" href={href([])} aria-current={chosen.length === 0 ? "true" : undefined}>
          <span className="facet-box">{chosen.length === 0 && <Icon name="check" />}</span>
          <span className="facet-name">All runs</span>
        </Link>
        {found.map((each) => {
          const on = chosen.includes(each.id);
          return (
            <span key={each.uuid} className="experiment">
              <Link className="facet-value" href={href(on ? chosen.filter((id) => id !== each.id) : [...chosen, each.id])} aria-current={on ? "true" : undefined} title={`${title(each)}, changed ${ago(each.updated ?? 0)}`}>
                <span className="facet-box">{on && <Icon name="check" />}</span>
                <span className="facet-name">{title(each)}</span>
              </Link>
              <Link className="experiment-page" href={entityHref(each.uuid)} aria-label={`Page of ${title(each)}`} title="Open its page">
                <Icon name="right" />
              </Link>
            </span>
          );
        })}
      </nav>
    </details>
  );
}

function href(ids: number[]): string {
  return withParams({ experiment: ids.map(String), columns: null });
}
