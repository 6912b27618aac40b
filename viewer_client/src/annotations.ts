// The scene's annotations as the server told them, and what this client said of them that is not yet answered.
import type { ClientEvent, NewPoint, PointAnnotation, ServerMessage } from "./wire";

export type AnnotationEvent = Extract<ClientEvent, { type: "annotate" | "annotation_rename" | "annotation_delete" }>;
type Told = Extract<ServerMessage, { type: "annotations" | "annotated" }>;

/** A UUID (version 4). `crypto.randomUUID` exists only in secure contexts; this does everywhere. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Annotations {
  /** By id, oldest first. */
  private points = new Map<string, PointAnnotation>();
  private coming = new Map<string, PointAnnotation>();
  private unanswered = new Map<number, AnnotationEvent>();

  get list(): readonly PointAnnotation[] {
    return [...this.points.values()];
  }

  /** An event left for the server. It is kept until it is answered. */
  sent(event: AnnotationEvent): void {
    this.unanswered.set(event.seq, event);
  }

  /**
   * What was never answered, to be sent again after a break, once the list is there: the server takes the same id as the
   * same point, and the same label as no change. A point that is not in the list any more was deleted, and is not again.
   */
  get toSendAgain(): readonly AnnotationEvent[] {
    const coming = new Set<string>();
    for (const [seq, event] of this.unanswered) {
      if (event.type === "annotate") coming.add(event.point.id);
      else if (event.type === "annotation_delete" && !this.points.has(event.id) && !coming.has(event.id)) {
        this.unanswered.delete(seq);
      }
    }
    return [...this.unanswered.values()];
  }

  /** Takes what the server tells; whether the list changed. */
  told(message: Told): boolean {
    if (message.type === "annotations") {
      if (message.first) this.coming = new Map();
      for (const point of message.points) this.coming.set(point.id, point);
      if (!message.last) return false;
      this.points = this.coming;
      return true;
    }
    if (message.seq !== null) this.unanswered.delete(message.seq);
    if (message.point === null) this.points.delete(message.id);
    else this.points.set(message.id, message.point);
    return true;
  }

  /** The server refused an event. */
  refused(seq: number): void {
    this.unanswered.delete(seq);
  }

  /** Another scene has other annotations. */
  forget(): void {
    this.points = new Map();
    this.unanswered = new Map();
  }
}

export type { NewPoint, PointAnnotation };
