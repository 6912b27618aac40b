// The link that brings somebody else to this view.

export interface Share {
  link: string;
  /** What the user should know of it; empty where there is nothing. */
  note: string;
}

/**
 * A link to a view of the server at `base`. Where the server needs a token, the link holds it if the page has it: it
 * opens the whole server, and the user is told.
 */
export function shareLink(base: URL, view: string, token: string | null, tokenRequired: boolean): Share {
  const link = new URL(base);
  link.search = `?view=${encodeURIComponent(view)}`;
  link.hash = "";
  if (!tokenRequired) return { link: link.href, note: "" };
  if (token === null) {
    return {
      link: link.href,
      note: "The link is without the server's token, which this page does not know: it opens only where the server's own link was opened before.",
    };
  }
  link.hash = `token=${encodeURIComponent(token)}`;
  return { link: link.href, note: "The link holds the server's token: whoever has it can use this server as you do." };
}

/** Whether a server lets in only those who have its token. Raises where it does not answer. */
export async function needsToken(base: URL): Promise<boolean> {
  const response = await fetch(new URL("api/v1/config", base), { cache: "no-store" });
  const config: unknown = await response.json();
  return (config as { token_required?: unknown }).token_required === true;
}

/** Puts text where it can be pasted from; false where the browser does not allow it (a page that is not secure). */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
