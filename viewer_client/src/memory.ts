// What this page's browser session remembers of a server: which way to it worked.

/** Kept by address; in frames that have no storage nothing is kept, and each page tries anew. */
export class SessionMemory {
  constructor(private readonly base: () => URL) {}

  get text(): string | null {
    try {
      return sessionStorage.getItem(this.key);
    } catch (error) {
      if (error instanceof DOMException) return null;
      throw error;
    }
  }

  set text(text: string | null) {
    try {
      if (!text) sessionStorage.removeItem(this.key);
      else sessionStorage.setItem(this.key, text);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }

  private get key(): string {
    return `hosta-no-webrtc ${this.base().href}`;
  }
}
