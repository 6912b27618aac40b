// Sentences that stand over the picture for a while.
const TOAST_MS = 8000;
const MOST = 3;

export interface Toast {
  id: number;
  text: string;
}

export class Toasts {
  list: Toast[] = [];
  private count = 0;

  constructor(private readonly changed: () => void) {}

  /** Shows a sentence; one that stands there already begins anew. */
  notify(text: string): void {
    const id = ++this.count;
    this.list = [...this.list.filter((toast) => toast.text !== text).slice(1 - MOST), { id, text }];
    setTimeout(() => this.dismiss(id), TOAST_MS);
    this.changed();
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
    this.changed();
  }
}
