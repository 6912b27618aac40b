// The token comes in the link's fragment, which browsers do not send; it is exchanged once for a cookie.
import { ConnectError, request } from "./request";

/** The token in a fragment such as `#token=abc`, or null. */
export function tokenOf(fragment: string): string | null {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("token");
}

/**
 * Exchanges the token in the page's address, if any, for a cookie, and takes it out of the address and the history.
 * Returns a sentence when that failed, else null.
 */
export async function logIn(base: URL): Promise<string | null> {
  const token = tokenOf(location.hash);
  if (token === null) return null;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    await request({ base, token: null, view: null, size: null }, "login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
    });
    return null;
  } catch (error) {
    if (error instanceof ConnectError) return error.message;
    throw error;
  }
}
