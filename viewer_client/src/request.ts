// Requests to the server's API: where it is, who asks, and what a refusal says in words.
import type { Size } from "./viewport";

export interface Endpoint {
  /** The server's base URL; it ends in a slash. */
  base: URL;
  /** Sent as a bearer token; null where a cookie (or nothing) opens the door. */
  token: string | null;
  /** The view to watch; null for the server's own choice. */
  view: string | null;
  /** The size in device pixels that a new view should start with; null where it is not known yet. */
  size: Size | null;
}

/** Why a connection could not be made; `message` is a sentence for people. */
export class ConnectError extends Error {
  constructor(
    readonly kind: "unauthorized" | "busy" | "gone" | "refused" | "network" | "unreachable",
    message: string,
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
  }
}

export const LOCKED = "Open the link with the token that the server printed when it started.";

/** What a failed request says, in words. */
export async function errorOf(response: Response): Promise<ConnectError> {
  if (response.status === 401 || response.status === 403) {
    return new ConnectError("unauthorized", LOCKED);
  }
  const body: unknown = await response.json().catch(() => null);
  const said = body !== null && typeof body === "object" ? (body as Record<string, unknown>) : {};
  const words = [said.message, said.detail].find((text) => typeof text === "string");
  const retry = Number(response.headers.get("retry-after") ?? Number.NaN);
  const message = typeof words === "string" ? words : `The server answered ${response.status}.`;
  const kind = ({ 404: "gone", 429: "busy", 503: "busy" } as const)[response.status] ?? "refused";
  return new ConnectError(kind, message, Number.isFinite(retry) ? retry : null);
}

/** A request to the server's API. Raises ConnectError when there is no answer or it is not a success. */
export async function request(endpoint: Endpoint, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (endpoint.token !== null) headers.set("authorization", `Bearer ${endpoint.token}`);
  const response = await fetch(new URL(`api/v1/${path}`, endpoint.base), {
    ...init,
    headers,
    credentials: "same-origin",
    cache: "no-store",
  }).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw new ConnectError("network", "The server does not answer.");
  });
  if (!response.ok) throw await errorOf(response);
  return response;
}
