import { filePath } from "../../api/client";
import { useFiles } from "../../api/queries";
import type { File } from "../../api/types";
import { Icon } from "../../components/icons";
import { Failure } from "../../components/problem";
import { Empty, Waiting } from "../../components/small";
import { fileSize } from "../../format/number";
import { Link, useSearch, withParams } from "../../router";

export function FilesView({ uuid }: { uuid: string }) {
  const path = useSearch().get("path") ?? "";
  const { data, error, refetch } = useFiles(uuid, path);
  return (
    <>
      <Crumbs path={path} />
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Waiting lines={6} />}
      {data?.length === 0 && <Empty>There are no files here.</Empty>}
      {data && data.length > 0 && (
        <table className="table files">
          <tbody>
            {sorted(data).map((file) => (
              <Row key={file.path} uuid={uuid} file={file} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Crumbs({ path }: { path: string }) {
  if (!path) return null;
  const steps = path.split("/");
  return (
    <nav className="crumbs" aria-label="Folders">
      <Link href={withParams({ path: null })}>All files</Link>
      {steps.map((step, at) => (
        <span key={at}>
          /{" "}
          {at === steps.length - 1 ? step : <Link href={withParams({ path: steps.slice(0, at + 1).join("/") })}>{step}</Link>}
        </span>
      ))}
    </nav>
  );
}

function Row({ uuid, file: { path, is_folder, size } }: { uuid: string; file: File }) {
  const name = path.split("/").at(-1) ?? path;
  return (
    <tr>
      <th scope="row">
        <span className="file-name">
          <Icon name={is_folder ? "folder" : "file"} />
          {is_folder ? (
            <Link href={withParams({ path })}>{name}</Link>
          ) : (
            <a href={filePath(uuid, path)} download={name}>
              {name}
            </a>
          )}
        </span>
      </th>
      <td className="number">{!is_folder && size != null && fileSize(size)}</td>
    </tr>
  );
}

function sorted(files: File[]): File[] {
  return [...files].sort((a, b) => Number(b.is_folder) - Number(a.is_folder) || a.path.localeCompare(b.path, "en", { numeric: true }));
}
