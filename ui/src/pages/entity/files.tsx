import { filePath } from "../../api/client";
import { useFiles } from "../../api/queries";
import type { File } from "../../api/types";
import { Icon } from "../../components/icons";
import { Failure } from "../../components/problem";
import { Empty, Waiting } from "../../components/small";
import { fileSize } from "../../format/number";
import { FileView } from "./file-view";
import { Link, useSearch, withParams } from "../../router";

export function FilesView({ uuid }: { uuid: string }) {
  const search = useSearch();
  const path = search.get("path") ?? "";
  const opened = search.get("file");
  const { data, error, refetch } = useFiles(uuid, path);
  return (
    <>
      <Crumbs path={path} />
      {error && !data && <Failure error={error} retry={refetch} />}
      {!data && !error && <Waiting lines={6} />}
      {data?.length === 0 && <Empty>There are no files here.</Empty>}
      {data && data.length > 0 && (
        <div className="files-view" data-opened={opened !== null}>
          <table className="table files">
            <tbody>
              {sorted(data).map((file) => (
                <Row key={file.path} uuid={uuid} file={file} opened={file.path === opened} />
              ))}
            </tbody>
          </table>
          {opened !== null && <FileView uuid={uuid} path={opened} size={data.find((file) => file.path === opened)?.size ?? null} />}
        </div>
      )}
    </>
  );
}

function Crumbs({ path }: { path: string }) {
  if (!path) return null;
  const steps = path.split("/");
  return (
    <nav className="crumbs" aria-label="Folders">
      <Link href={withParams({ path: null, file: null })}>All files</Link>
      {steps.map((step, at) => (
        <span key={at}>
          /{" "}
          {at === steps.length - 1 ? step : <Link href={withParams({ path: steps.slice(0, at + 1).join("/"), file: null })}>{step}</Link>}
        </span>
      ))}
    </nav>
  );
}

function Row({ uuid, file: { path, is_folder, size }, opened }: { uuid: string; file: File; opened: boolean }) {
  const name = path.split("/").at(-1) ?? path;
  return (
    <tr>
      <th scope="row">
        <span className="file-name">
          <Icon name={is_folder ? "folder" : "file"} />
          {is_folder ? (
            <Link href={withParams({ path, file: null })}>{name}</Link>
          ) : (
            <Link href={withParams({ file: opened ? null : path })} aria-current={opened ? "true" : undefined} keepScroll>
              {name}
            </Link>
          )}
        </span>
      </th>
      <td className="number">{!is_folder && size != null && fileSize(size)}</td>
      <td className="file-download">
        {!is_folder && (
          <a href={filePath(uuid, path)} download={name} aria-label={`Download ${name}`} title="Download">
            <Icon name="download" />
          </a>
        )}
      </td>
    </tr>
  );
}

function sorted(files: File[]): File[] {
  return [...files].sort((a, b) => Number(b.is_folder) - Number(a.is_folder) || a.path.localeCompare(b.path, "en", { numeric: true }));
}
