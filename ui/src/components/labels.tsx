/** Labels, and on asking why they are there. */

import { useState } from "react";
import { useWhy } from "../api/queries";
import type { Label } from "../api/types";
import { kindName } from "../format/words";
import { Failure } from "./problem";
import { Ago, NamedLink, Waiting } from "./small";

export function Labels({ labels }: { labels: Label[] | undefined }) {
  if (!labels?.length) return null;
  return (
    <span className="labels">
      {distinct(labels).map((label) => (
        <span key={label.name} className="label" data-category={category(label)}>
          {label.name}
        </span>
      ))}
    </span>
  );
}

/** Labels as buttons that open the way on which each came here. */
export function ExplainedLabels({ uuid, labels }: { uuid: string; labels: Label[] }) {
  const [open, setOpen] = useState<string | null>(null);
  if (labels.length === 0) return null;
  return (
    <div className="explained">
      <div className="labels">
        {distinct(labels).map((label) => (
          <button
            key={label.name}
            type="button"
            className="label"
            data-category={category(label)}
            aria-expanded={open === label.name}
            onClick={() => setOpen(open === label.name ? null : label.name)}
          >
            {label.name}
            {label.via != null && <span className="label-mark">inherited</span>}
          </button>
        ))}
      </div>
      {open !== null && <Why uuid={uuid} label={open} />}
    </div>
  );
}

function Why({ uuid, label }: { uuid: string; label: string }) {
  const { data, error, refetch } = useWhy(uuid, label, true);
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Waiting lines={1} />;
  return (
    <ul className="why">
      {data.map((found) => (
        <li key={found.root}>
          {found.path.map((id, at) => (
            <span key={id} className="why-step">
              {at > 0 && <span className="muted">→ {kindName(found.edges?.[at - 1] ?? "")} →</span>}
              <NamedLink id={id} />
            </span>
          ))}
          {found.put_by && (
            <span className="muted">
              put by {found.put_by} <Ago at={found.put_at} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** One of each name: the one put here before those that were inherited. */
function distinct(labels: Label[]): Label[] {
  const own = new Map<string, Label>();
  for (const label of labels) if (!own.has(label.name) || label.via == null) own.set(label.name, label);
  return [...own.values()];
}

function category(label: Label): string {
  return label.category ?? "classification";
}
