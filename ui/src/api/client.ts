/** One function that speaks to /api/v1, and the addresses it is given. */

import { parse } from "./parse";
import type { Failure, Problem } from "./types";

export const API = "/api/v1";

export type Code = Problem["code"] | "unreachable";

const CODES: Record<number, Code> = {
  400: "invalid",
  401: "unauthenticated",
  403: "denied",
  404: "not_found",
  409: "conflict",
  413: "too_large",
  503: "unavailable",
};

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: Code,
    message: string,
  ) {
    super(message);
  }
}

/** Ask the server; its error, or that it cannot be reached, is thrown as an ApiError. */
export async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(method, path, body, signal);
  const text = await response.text();
  if (!response.ok) throw problem(response.status, text);
  return (text ? parse(text) : null) as T;
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>("GET", path, undefined, signal);
}

async function send(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const init: RequestInit = { method, credentials: "same-origin" };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "content-type": "application/json" };
  }
  try {
    return await fetch(API + path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The server cannot be reached.");
  }
}

function problem(status: number, text: string): ApiError {
  const code = CODES[status] ?? "internal";
  try {
    const { error } = JSON.parse(text) as Failure;
    return new ApiError(status, error.code ?? code, error.message);
  } catch {
    return new ApiError(status, code, `The server answered with status ${status}.`);
  }
}

/** A path whose slashes stay and whose other characters are encoded. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** `?a=1&b=2&b=3` of the values that are given; empty without any. */
export function queryString(values: Record<string, string | number | string[] | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== "") search.append(key, String(each));
    }
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

export function entityPath(ref: string | number): string {
  return `/entities/${encodeURIComponent(ref)}`;
}

export function filePath(ref: string, path: string): string {
  return `${API}${entityPath(ref)}/files/${encodePath(path)}`;
}
