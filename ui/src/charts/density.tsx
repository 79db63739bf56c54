/** How the values of a column are spread, as far as its quantiles tell. */

const [WIDTH, HEIGHT] = [104, 24];

interface Bar {
  x: number;
  width: number;
  height: number;
}

/** Bars between quantiles, each as high as its part of the values is dense; all between 0 and 1. */
export function bars(quantiles: Record<string, number>): Bar[] {
  const points = Object.entries(quantiles)
    .map(([part, value]) => ({ part: Number(part), value }))
    .filter(({ part, value }) => Number.isFinite(part) && Number.isFinite(value))
    .sort((a, b) => a.part - b.part);
  const [least, greatest] = [points[0]?.value ?? 0, points.at(-1)?.value ?? 0];
  if (points.length < 3 || greatest <= least) return [];
  const raw = points.slice(1).flatMap((point, at) => {
    const before = points[at]!;
    const width = (point.value - before.value) / (greatest - least);
    return width > 0 ? [{ x: (before.value - least) / (greatest - least), width, height: (point.part - before.part) / width }] : [];
  });
  const highest = Math.max(...raw.map(({ height }) => height));
  // A root keeps thin tails visible beside a narrow peak.
  return raw.map((bar) => ({ ...bar, height: Math.sqrt(bar.height / highest) }));
}

export function Density({ quantiles, about }: { quantiles: Record<string, number>; about: string }) {
  const found = bars(quantiles);
  if (found.length === 0) return null;
  return (
    <svg className="density" width={WIDTH} height={HEIGHT} role="img" aria-label={about}>
      <title>{about}</title>
      {found.map(({ x, width, height }) => (
        <rect key={x} x={x * WIDTH} width={Math.max(1, width * WIDTH - 0.6)} y={HEIGHT - Math.max(1.5, height * HEIGHT)} height={Math.max(1.5, height * HEIGHT)} />
      ))}
    </svg>
  );
}
