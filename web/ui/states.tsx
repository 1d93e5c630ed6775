/** What stands where data would be: nothing yet, nothing at all, or a reason. */
import type { ReactNode } from 'react';

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <strong>{title}</strong>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

export function Problem({ what, problem, retry }: { what: string; problem: string; retry?: () => void }) {
  return (
    <div className="state" role="alert">
      <strong>{what}</strong>
      <p>{problem}.</p>
      {retry !== undefined && (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Skeleton({ width }: { width: string }) {
  return <span className="skeleton" style={{ width }} aria-hidden="true" />;
}

/** Rows of a table as wide as the real ones, so that nothing moves when those come. */
export function SkeletonRows({ rows, widths }: { rows: number; widths: readonly string[] }) {
  return Array.from({ length: rows }, (_, row) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
    <tr key={row}>
      {widths.map((width, column) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they never move
        <td key={column} className={column > 1 ? 'number' : undefined}>
          <Skeleton width={width} />
        </td>
      ))}
    </tr>
  ));
}
