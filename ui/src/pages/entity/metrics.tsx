import { useEffect, useRef, useState } from "react";
import { useSeries } from "../../api/queries";
import type { Point } from "../../api/types";
import { Curve } from "../../components/curve";
import { Failure } from "../../components/problem";
import { Empty, Section, useFew } from "../../components/small";
import { count, measure, toNumber } from "../../format/number";
import { metricRank } from "../../format/runs";
import { Link, useSearch, withParams } from "../../router";
import { Filter } from "./properties";

const FEW = 24;
const FILTER_FROM = 9;
const BUCKETS = 200;
const FINE_BUCKETS = 1000;
const SMALL_HEIGHT = 56;
const BRIEF_HEIGHT = 24;
const LARGE_HEIGHT = 320;

/** A model's metric is kept once more for each run and data set it was measured with, as `name?run=…`. */
const isShown = (key: string): boolean => !key.includes("?");

export function Metrics({ uuid, metrics }: { uuid: string; metrics: Record<string, Point> }) {
  const opened = useSearch().get("metric");
  const [filter, setFilter] = useState("");
  const keys = Object.keys(metrics).filter(isShown).sort(byRank);
  const found = keys.filter((key) => key.toLowerCase().includes(filter.toLowerCase()));
  if (keys.length === 0) return null;
  const list = (brief: boolean) => (
    <MetricList uuid={uuid} metrics={metrics} keys={found.filter((key) => isBrief(metrics[key]!) === brief)} brief={brief} />
  );
  return (
    <Section heading="Metrics" aside={keys.length >= FILTER_FROM && <Filter what="metrics" value={filter} change={setFilter} />}>
      {opened !== null && metrics[opened] && <LargeCurve uuid={uuid} name={opened} />}
      {list(true)}
      {list(false)}
      {found.length === 0 && <Empty>None of {keys.length} matches.</Empty>}
    </Section>
  );
}

function byRank(a: string, b: string): number {
  return metricRank(a) - metricRank(b) || a.localeCompare(b, "en", { numeric: true });
}

/** What has not gone beyond its first step is most likely one value, for which no room for a curve is kept. */
function isBrief(latest: Point): boolean {
  return latest[3] === 0;
}

interface MetricListProps {
  uuid: string;
  metrics: Record<string, Point>;
  keys: string[];
  brief: boolean;
}

function MetricList({ uuid, metrics, keys, brief }: MetricListProps) {
  const { shown, more } = useFew(keys, FEW);
  const opened = useSearch().get("metric");
  if (keys.length === 0) return null;
  return (
    <>
      <ul className="metrics">
        {shown.map((key) => (
          <li key={key}>
            <Metric uuid={uuid} point={metrics[key]!} name={key} open={key === opened} brief={brief} />
          </li>
        ))}
      </ul>
      {more}
    </>
  );
}

interface MetricProps {
  uuid: string;
  name: string;
  point: Point;
  open: boolean;
  brief: boolean;
}

function Metric({ uuid, name, point, open, brief }: MetricProps) {
  const { box, seen } = useSeen<HTMLSpanElement>();
  const { data } = useSeries(uuid, name, BUCKETS, seen);
  const curved = data !== undefined && data.length > 1;
  const body = (
    <>
      <span className="metric-name" ref={box} title={name}>
        {name}
      </span>
      <span className="metric-value">{measure(toNumber(point[1]))}</span>
      {!brief && <span className="metric-step">step {count(point[3])}</span>}
      <span className="metric-curve">{curved && <Curve points={data} height={brief ? BRIEF_HEIGHT : SMALL_HEIGHT} />}</span>
    </>
  );
  if (brief && !curved) {
    return (
      <div className="metric" data-brief>
        {body}
      </div>
    );
  }
  return (
    <Link
      className="metric"
      href={withParams({ metric: open ? null : name })}
      keepScroll
      aria-current={open ? "true" : undefined}
      data-brief={brief || undefined}
    >
      {body}
    </Link>
  );
}

function LargeCurve({ uuid, name }: { uuid: string; name: string }) {
  const logarithmic = useSearch().get("scale") === "log";
  const { data, error, refetch } = useSeries(uuid, name, FINE_BUCKETS);
  return (
    <figure className="large-curve">
      <figcaption>
        <strong>{name}</strong>
        <span className="row">
          <Link className="button" keepScroll aria-pressed={logarithmic} role="button" href={withParams({ scale: logarithmic ? null : "log" })}>
            Log scale
          </Link>
          <Link className="button" keepScroll href={withParams({ metric: null, scale: null })}>
            Close
          </Link>
        </span>
      </figcaption>
      {error && !data && <Failure error={error} retry={refetch} />}
      <div className="large-curve-place">
        {data && <Curve points={data} height={LARGE_HEIGHT} detailed logarithmic={logarithmic} />}
      </div>
    </figure>
  );
}

/** Whether the element has come near the visible part of the page; a run may have a thousand metrics. */
function useSeen<T extends Element>() {
  const box = useRef<T>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const watcher = new IntersectionObserver((entries) => entries.some((each) => each.isIntersecting) && setSeen(true), {
      rootMargin: "200px",
    });
    if (box.current) watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  return { box, seen };
}
