// <hosta-window>: a range with two thumbs, over a histogram where there is one. Two native sliders lie on one track, so
// that the keyboard and screen readers know them.
import { css, html, LitElement, nothing, svg, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, queryAll } from "lit/decorators.js";
import { fields, theme } from "../theme";
import type { CurveNode } from "./curve";
import { histogramPath, readable, rebinned } from "./numbers";

const WIDTH = 240;
const HEIGHT = 44;
const BINS = 64;

/** Fires `hosta-input` with the new [low, high] as its detail; low stays below high by at least `gap`. */
@customElement("hosta-window")
export class HostaWindow extends LitElement {
  /** What the range is of, e.g. "Window of channel 1". */
  @property() label = "";
  @property({ attribute: false }) range: [number, number] = [0, 1];
  @property({ attribute: false }) value: [number, number] = [0, 1];
  @property({ type: Number }) step = 0.01;
  /** Counts over `histogramRange`; none for a bare range. */
  @property({ attribute: false }) histogram: readonly number[] = [];
  @property({ attribute: false }) histogramRange: [number, number] = [0, 1];
  @property() color = "";
  /** The curve over the window, drawn on the histogram: places and heights 0 to 1; none for no line. */
  @property({ attribute: false }) curve: readonly CurveNode[] = [];
  /** Whether the window is only shown: something else makes it. */
  @property({ type: Boolean }) fixed = false;
  /** Whether the ends can be typed as numbers too. */
  @property({ type: Boolean }) numbers = false;
  @property({ attribute: false }) words: (value: number) => string = (value) => readable(value);

  @queryAll("input[type=range]") private thumbs!: NodeListOf<HTMLInputElement>;

  /** What the track reaches over: the range, and where the window ever was outside it. */
  private span: [number, number] = [0, 1];

  private put(end: 0 | 1, wanted: number): void {
    if (!Number.isFinite(wanted)) return;
    const value: [number, number] = [...this.value];
    value[end] = end === 0 ? Math.min(wanted, value[1] - this.step) : Math.max(wanted, value[0] + this.step);
    this.dispatchEvent(new CustomEvent("hosta-input", { detail: value, bubbles: true, composed: true }));
    // The thumb may have been pulled past the other one; it goes back to where the value is.
    this.requestUpdate();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const [from, to] = changed.has("range") ? this.range : this.span;
    // It only grows: a track that shrank under a thumb would run away from the hand.
    this.span = [Math.min(from, this.range[0], this.value[0]), Math.max(to, this.range[1], this.value[1])];
  }

  private x(value: number): number {
    const [lo, hi] = this.span;
    return ((value - lo) / (hi - lo || 1)) * WIDTH;
  }

  protected override updated(): void {
    for (const [i, thumb] of this.thumbs.entries()) thumb.value = String(this.value[i]);
    const [low, high] = this.value.map((value) => `${(100 * this.x(value)) / WIDTH}%`);
    this.style.setProperty("--bars", this.color || "var(--quiet)");
    this.style.setProperty("--low", low ?? "0%");
    this.style.setProperty("--high", high ?? "100%");
  }

  private chart(): TemplateResult | typeof nothing {
    if (this.histogram.length === 0) return nothing;
    const [low, high] = [this.x(this.value[0]), this.x(this.value[1])];
    const start = this.x(this.histogramRange[0]);
    const width = Math.max(this.x(this.histogramRange[1]) - start, 1);
    const path = histogramPath(rebinned(this.histogram, BINS), width, HEIGHT);
    return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
      ${svg`
        <defs><clipPath id="inside"><rect x=${low} y="0" width=${Math.max(high - low, 0)} height=${HEIGHT} /></clipPath></defs>
        <path class="outside" d=${path} transform="translate(${start})" />
        <g clip-path="url(#inside)"><path d=${path} transform="translate(${start})" class="inside" /></g>
        <path class="curve" d=${this.line(low, high)} />
      `}
    </svg>`;
  }

  /** The curve in the chart, level on both sides of the window. */
  private line(low: number, high: number): string {
    if (this.curve.length === 0) return "";
    const y = (part: number): number => HEIGHT - 1 - part * (HEIGHT - 2);
    const nodes = this.curve.map(([at, part]) => `L${low + at * (high - low)} ${y(part)}`);
    return `M0 ${y(this.curve[0]![1])}${nodes.join("")}L${WIDTH} ${y(this.curve.at(-1)![1])}`;
  }

  private thumb(end: 0 | 1): TemplateResult {
    const [min, max] = this.span;
    return html`<input
      type="range"
      min=${min}
      max=${max}
      step="any"
      aria-label=${`${this.label}, ${end === 0 ? "from" : "to"}`}
      aria-valuetext=${this.words(this.value[end])}
      @input=${(event: Event) => this.put(end, this.rounded((event.target as HTMLInputElement).valueAsNumber))}
      @keydown=${(event: KeyboardEvent) => this.keyed(event, end)}
    />`;
  }

  private rounded(value: number): number {
    return Number((Math.round(value / this.step) * this.step).toPrecision(12));
  }

  private keyed(event: KeyboardEvent, end: 0 | 1): void {
    const steps = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -50, PageUp: 50 }[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    const value = this.value[end] + steps * this.step;
    this.put(end, this.rounded(Math.min(Math.max(value, this.span[0]), this.span[1])));
  }

  private field(end: 0 | 1): TemplateResult {
    return html`<input
      type="number"
      step="any"
      aria-label=${`${this.label}, ${end === 0 ? "from" : "to"}, as a number`}
      .value=${this.words(this.value[end])}
      @change=${(event: Event) => this.put(end, (event.target as HTMLInputElement).valueAsNumber)}
    />`;
  }

  protected override render(): TemplateResult {
    return html`
      ${this.chart()} ${this.fixed ? nothing : html`<div class="track">${this.thumb(0)}${this.thumb(1)}</div>`}
      ${this.numbers && !this.fixed ? html`<div class="fields">${this.field(0)}<span>to</span>${this.field(1)}</div>` : nothing}
    `;
  }

  static override styles = [
    theme,
    fields,
    css`
      :host {
        display: block;
      }
      svg {
        display: block;
        width: calc(100% - 14px);
        margin: 0 7px -6px;
        height: 44px;
        overflow: visible;
      }
      .inside {
        fill: color-mix(in srgb, var(--bars, var(--quiet)) 75%, var(--quiet));
        opacity: 0.8;
      }
      .outside {
        fill: var(--line);
      }
      :host([fixed]) svg {
        margin-bottom: 0;
      }
      .curve {
        fill: none;
        stroke: var(--text);
        stroke-width: 1.2;
        opacity: 0.85;
        vector-effect: non-scaling-stroke;
      }
      .track {
        position: relative;
        height: 20px;
      }
      .track::before {
        content: "";
        position: absolute;
        inset: 8px 7px;
        border-radius: 2px;
        background: linear-gradient(
          to right,
          var(--line) var(--low),
          var(--accent) var(--low) var(--high),
          var(--line) var(--high)
        );
      }
      .track input {
        position: absolute;
        inset: 0;
        pointer-events: none;
      }
      .track input::-webkit-slider-runnable-track {
        background: none;
      }
      .track input::-moz-range-track {
        background: none;
      }
      .track input::-webkit-slider-thumb {
        pointer-events: auto;
      }
      .track input::-moz-range-thumb {
        pointer-events: auto;
      }
      .fields {
        display: grid;
        grid-template-columns: 1fr auto 1fr;
        gap: 8px;
        align-items: center;
        margin-top: 4px;
        color: var(--quiet);
      }
      .fields input {
        width: 100%;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    "hosta-window": HostaWindow;
  }
}
