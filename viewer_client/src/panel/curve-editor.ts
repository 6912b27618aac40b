// <hosta-curve>: a curve over a histogram. A double click adds a node or takes one away, a drag moves one; with the
// keyboard arrows move the node that has the focus, Insert adds one beside it and Delete takes it away.
import { css, html, LitElement, nothing, svg, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { theme } from "../theme";
import { between, withMoved, withNode, withoutNode, type CurveNode } from "./curve";
import { histogramPath } from "./numbers";

/** A press this near to a node, in CSS pixels, is meant for it. */
const GRAB_PX = 14;
const STEP = 0.01;

/** Fires `hosta-input` with the new nodes as its detail. */
@customElement("hosta-curve")
export class HostaCurve extends LitElement {
  /** What the curve is of, e.g. "Curve of channel 1". */
  @property() label = "";
  @property({ attribute: false }) nodes: readonly CurveNode[] = [];
  /** Counts over the whole width. */
  @property({ attribute: false }) histogram: readonly number[] = [];
  @property() color = "";

  @query("svg.chart") private chart!: SVGSVGElement;

  /** The node in the hand. */
  @state() private held: number | null = null;

  private put(nodes: readonly CurveNode[]): void {
    this.dispatchEvent(new CustomEvent("hosta-input", { detail: nodes, bubbles: true, composed: true }));
  }

  /** Where a pointer is, 0 to 1 both ways, and the node that it means. */
  private at(event: MouseEvent): { x: number; y: number; node: number | null } {
    const box = this.chart.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = 1 - (event.clientY - box.top) / box.height;
    const far = this.nodes.map(([nx, ny]) => Math.hypot((nx - x) * box.width, (ny - y) * box.height));
    const nearest = far.indexOf(Math.min(...far));
    return { x, y, node: (far[nearest] ?? Infinity) <= GRAB_PX ? nearest : null };
  }

  private readonly pressed = (event: PointerEvent): void => {
    const { node } = this.at(event);
    if (node === null || event.button !== 0) return;
    this.chart.setPointerCapture(event.pointerId);
    this.held = node;
    this.knob(node)?.focus();
    // Else the focus would go from the node to nothing.
    event.preventDefault();
  };

  private readonly dragged = (event: PointerEvent): void => {
    if (this.held === null) return;
    const { x, y } = this.at(event);
    this.put(withMoved(this.nodes, this.held, x, y));
  };

  private readonly released = (): void => {
    this.held = null;
  };

  private readonly doubled = (event: MouseEvent): void => {
    const { x, y, node } = this.at(event);
    if (node === null) this.put(withNode(this.nodes, x, y)[0]);
    else this.put(withoutNode(this.nodes, node));
  };

  private keyed(event: KeyboardEvent, index: number): void {
    const [x, y] = this.nodes[index]!;
    const step = event.shiftKey ? 10 * STEP : STEP;
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [x - step, y],
      ArrowRight: [x + step, y],
      ArrowUp: [x, y + step],
      ArrowDown: [x, y - step],
    };
    const move = moves[event.key];
    if (move) this.put(withMoved(this.nodes, index, ...move));
    else if (event.key === "Delete" || event.key === "Backspace") this.take(index);
    else if (event.key === "Insert" || event.key === "+")
      this.put(withNode(this.nodes, ...between(this.nodes, index))[0]);
    else return;
    event.preventDefault();
  }

  private take(index: number): void {
    this.put(withoutNode(this.nodes, index));
    void this.updateComplete.then(() => this.knob(Math.max(0, Math.min(index, this.nodes.length - 1)))?.focus());
  }

  private knob(index: number): SVGElement | undefined {
    return this.renderRoot.querySelectorAll<SVGElement>(".knob")[index];
  }

  private node([x, y]: CurveNode, index: number): TemplateResult {
    const words = `at ${Math.round(100 * x)} %, opacity ${Math.round(100 * y)} %`;
    return svg`<circle
      class="knob"
      data-held=${this.held === index ? "" : nothing}
      cx=${`${100 * x}%`}
      cy=${`${100 * (1 - y)}%`}
      r="5"
      tabindex="0"
      role="slider"
      aria-roledescription="two-way slider"
      aria-label=${`${this.label}, node ${index + 1} of ${this.nodes.length}`}
      aria-valuemin="0"
      aria-valuemax="1"
      aria-valuenow=${y}
      aria-valuetext=${words}
      @keydown=${(event: KeyboardEvent) => this.keyed(event, index)}
    ><title>${words}</title></circle>`;
  }

  protected override updated(): void {
    this.style.setProperty("--bars", this.color || "var(--quiet)");
  }

  protected override render(): TemplateResult {
    const line = this.nodes.map(([x, y]) => `L${100 * x} ${100 * (1 - y)}`).join("");
    const [first, last] = [this.nodes[0]?.[1] ?? 0, this.nodes.at(-1)?.[1] ?? 1];
    const path = `M0 ${100 * (1 - first)}${line}L100 ${100 * (1 - last)}`;
    const bars = this.histogram.length > 0 ? histogramPath(this.histogram, 100, 100) : "";
    return html`<svg
      class="chart"
      role="group"
      aria-label=${`${this.label}: a double click adds a node or takes one away`}
      @pointerdown=${this.pressed}
      @pointermove=${this.dragged}
      @pointerup=${this.released}
      @pointercancel=${this.released}
      @dblclick=${this.doubled}
    >
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
        ${svg`
          <path class="bars" d=${bars} />
          <path class="under" d="${path}V100H0Z" />
          <path class="line" d=${path} />
        `}
      </svg>
      ${this.nodes.map((node, i) => this.node(node, i))}
    </svg>`;
  }

  static override styles = [
    theme,
    css`
      :host {
        display: block;
        padding: 6px;
        border-radius: 6px;
        background: var(--surface);
        border: 1px solid var(--line);
      }
      .chart {
        display: block;
        width: 100%;
        height: 84px;
        overflow: visible;
        touch-action: none;
        cursor: copy;
      }
      .bars {
        fill: color-mix(in srgb, var(--bars, var(--quiet)) 60%, var(--quiet));
        opacity: 0.5;
      }
      .under {
        fill: var(--text);
        opacity: 0.07;
      }
      .line {
        fill: none;
        stroke: var(--text);
        stroke-width: 1.5;
        vector-effect: non-scaling-stroke;
      }
      .knob {
        fill: var(--surface);
        stroke: var(--text);
        stroke-width: 2;
        cursor: grab;
      }
      .knob:hover,
      .knob:focus,
      .knob[data-held] {
        fill: var(--accent);
      }
      .knob:focus-visible {
        outline: none;
        stroke: var(--accent);
        stroke-width: 3;
      }
      .knob[data-held] {
        cursor: grabbing;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    "hosta-curve": HostaCurve;
  }
}
