// <hosta-segments>: the segments of one segmentation, found by name or id on the server, page by page: there may be ten
// million of them.
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { hiddenIcon, isolateIcon, shownIcon } from "../icons";
import type { Change, Path } from "../patch";
import { fields, theme } from "../theme";
import type { SegmentQuery } from "../searches";
import type { LabelLayer, SegmentsFoundMessage, SegmentSummary } from "../wire";
import { iconButton } from "./controls";
import { colorOf, hexOf } from "./numbers";
import { allShown, colorOfSegment, isAlone, isolated, isShown, titleOf, toggled } from "./segment-list";

const PAGE = 50;
/** Typing rests so long before the server is asked. */
const TYPED_MS = 150;
/** Ids turn up as voxels are read: the page is asked for again this often. */
const AGAIN_MS = 5000;

@customElement("hosta-segments")
export class HostaSegments extends LitElement {
  /** The layer's name. */
  @property() name = "";
  @property({ attribute: false }) layer!: LabelLayer;
  @property({ attribute: false }) path: Path = [];
  @property({ attribute: false }) patch: (...changes: Change[]) => void = () => {};
  @property({ attribute: false }) search: (query: SegmentQuery) => Promise<SegmentsFoundMessage> = () =>
    Promise.reject(new Error("there is no view"));

  @state() private found: SegmentsFoundMessage | null = null;
  @state() private first = 0;
  /** The row that the tab key reaches; arrows move on from there. */
  @state() private row = 0;

  private text = "";
  private asked = 0;
  private typing: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.again = setInterval(() => document.hidden || this.ask(), AGAIN_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.typing);
    clearInterval(this.again);
    if (this.layer.highlight.ids.length > 0) this.highlight([]);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get("layer");
    if (!this.hasUpdated || (before && before.colors !== this.layer.colors)) this.ask();
  }

  private ask(): void {
    this.asked += 1;
    const number = this.asked;
    const { source, colors } = this.layer;
    this.search({ layer: source, text: this.text, colors, first: this.first, count: PAGE }).then(
      (found) => {
        if (number !== this.asked) return;
        this.found = found;
        this.row = Math.min(this.row, Math.max(found.segments.length - 1, 0));
      },
      () => {}, // the view says what is wrong, and the page is asked for again
    );
  }

  private readonly typed = (event: Event): void => {
    this.text = (event.target as HTMLInputElement).value;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.turn(0), TYPED_MS);
  };

  /** To the page that begins there. */
  private turn(first: number): void {
    this.first = first;
    this.row = 0;
    this.ask();
  }

  private highlight(ids: string[]): void {
    this.patch({ path: [...this.path, "highlight", "ids"], value: ids });
  }

  /** Arrows go from row to row, to the same control in it. */
  private readonly key = (event: KeyboardEvent): void => {
    const last = (this.found?.segments.length ?? 0) - 1;
    const moves: Record<string, number> = { ArrowUp: this.row - 1, ArrowDown: this.row + 1, Home: 0, End: last };
    const next = moves[event.key];
    if (next === undefined || next < 0 || next > last) return;
    event.preventDefault();
    const rows = [...this.renderRoot.querySelectorAll("li")];
    const controls = (i: number): HTMLElement[] => [...rows[i]!.querySelectorAll<HTMLElement>("button, input")];
    const place = controls(this.row).indexOf(event.target as HTMLElement);
    this.row = next;
    controls(next)[Math.max(place, 0)]!.focus();
  };

  private segment(segment: SegmentSummary, i: number): TemplateResult {
    const { layer, path, patch } = this;
    const { id, name } = segment;
    const title = name ? `${name}, ${id},` : id;
    const shown = isShown(layer, id);
    const alone = isAlone(layer, id);
    const color = colorOfSegment(layer, segment);
    const recolor = (event: Event): void => {
      const value = { [id]: colorOf((event.target as HTMLInputElement).value) };
      patch({ op: "add", path: [...path, "segment_colors"], value });
    };
    const label = `${shown ? "Hide" : "Show"} ${title} of ${this.name}`;
    return html`<li
      ?data-off=${!shown}
      ?data-here=${i === this.row}
      @pointerenter=${() => this.highlight([id])}
      @pointerleave=${() => this.highlight([])}
      @focusin=${() => {
        this.row = i;
        this.highlight([id]);
      }}
      @focusout=${() => this.highlight([])}
    >
      <input
        type="color"
        aria-label=${`Colour of ${title} of ${this.name}`}
        .value=${typeof color === "string" ? color : hexOf(color)}
        @input=${recolor}
      />
      <span class="title" title=${title}>${titleOf(segment)}</span>
      ${name ? html`<span class="id">${id}</span>` : nothing}
      ${iconButton(shown ? shownIcon : hiddenIcon, label, () => patch(...toggled(layer, path, id)))}
      <button
        class="small"
        title=${alone ? "Show all" : "Only this one"}
        aria-label=${`Only ${title} of ${this.name}`}
        aria-pressed=${alone ? "true" : "false"}
        @click=${() => patch(...(alone ? allShown(path) : isolated(path, [id])))}
      >
        ${isolateIcon}
      </button>
    </li>`;
  }

  /** One row's controls are in the order of the tab key, the arrows reach the others. */
  protected override updated(): void {
    for (const [i, row] of [...this.renderRoot.querySelectorAll("li")].entries()) {
      for (const control of row.querySelectorAll<HTMLElement>("button, input")) {
        control.tabIndex = i === this.row ? 0 : -1;
      }
    }
  }

  private pages({ total, first, segments }: SegmentsFoundMessage): TemplateResult {
    const last = first + segments.length;
    const words = total === 0 ? "None" : `${(first + 1).toLocaleString("en")}–${last.toLocaleString("en")} of `;
    const go = (label: string, to: number, there: boolean): TemplateResult =>
      html`<button
        class="link"
        aria-label=${`${label} segments of ${this.name}`}
        ?disabled=${!there}
        @click=${() => this.turn(to)}
      >
        ${label}
      </button>`;
    return html`<div class="pages">
      <span role="status" class="number">${words}${total === 0 ? nothing : total.toLocaleString("en")}</span>
      ${
        total > PAGE
          ? [go("Previous", Math.max(first - PAGE, 0), first > 0), go("Next", first + PAGE, last < total)]
          : nothing
      }
    </div>`;
  }

  protected override render(): TemplateResult {
    const { found, layer, path, patch } = this;
    const none = layer.shown === "listed" && layer.listed.length === 0;
    return html`
      <div class="bar">
        <input
          type="text"
          role="searchbox"
          aria-label=${`Search the segments of ${this.name}`}
          placeholder="Name or id"
          spellcheck="false"
          autocapitalize="off"
          autocomplete="off"
          @input=${this.typed}
        />
        <button
          class="link"
          aria-label=${`Show all segments of ${this.name}`}
          ?disabled=${layer.shown === "all"}
          @click=${() => patch(...allShown(path))}
        >
          All
        </button>
        <button
          class="link"
          aria-label=${`Hide all segments of ${this.name}`}
          ?disabled=${none}
          @click=${() => patch(...isolated(path, []))}
        >
          None
        </button>
      </div>
      <ul aria-label=${`Segments of ${this.name}`} @keydown=${this.key}>
        ${found?.segments.map((segment, i) => this.segment(segment, i))}
      </ul>
      ${found ? this.pages(found) : nothing}
    `;
  }

  static override styles = [
    theme,
    fields,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 6px;
      }
      .bar,
      .pages,
      li {
        display: flex;
        align-items: center;
        gap: 8px;
      }
      .bar input {
        flex: 1;
      }
      ul {
        list-style: none;
        margin: 0 -6px;
        padding: 0;
        max-height: 264px;
        overflow-y: auto;
        scrollbar-width: thin;
        scrollbar-color: var(--line) transparent;
      }
      li {
        padding: 1px 6px;
        border-radius: 6px;
      }
      li:hover,
      li:focus-within {
        background: var(--line);
      }
      li input[type="color"] {
        width: 16px;
        height: 16px;
      }
      li[data-off] .title,
      li[data-off] input {
        opacity: 0.5;
      }
      .title {
        flex: 1;
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .id,
      .pages {
        color: var(--quiet);
        font-size: 12px;
        font-variant-numeric: tabular-nums;
      }
      .id {
        max-width: 84px;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .pages > span {
        flex: 1;
      }
      .small {
        display: grid;
        place-items: center;
        flex: none;
        width: 24px;
        height: 24px;
        color: var(--quiet);
      }
      .small:hover,
      .small[aria-pressed="true"] {
        color: var(--accent);
      }
      .link {
        color: var(--accent);
      }
      .link:disabled {
        color: var(--quiet);
        cursor: default;
      }
    `,
  ];
}
