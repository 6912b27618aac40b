// <hosta-slider>: a label, a slider and its value; linear or logarithmic.
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { fields, theme } from "../theme";
import { logPosition, logValue, readable } from "./numbers";

/** Fires `hosta-input` with the new value as its detail. */
@customElement("hosta-slider")
export class HostaSlider extends LitElement {
  @property() label = "";
  /** What the label belongs to, where it alone would not say. */
  @property() of = "";
  @property({ type: Number }) min = 0;
  @property({ type: Number }) max = 1;
  @property({ type: Number }) step = 0.01;
  @property({ type: Number }) value = 0;
  @property() scale: "linear" | "log" = "linear";
  /** The value in words; the number itself when not set. */
  @property({ attribute: false }) words: (value: number) => string = (value) => readable(value, 3);

  @query("input") private input!: HTMLInputElement;

  private readonly moved = (): void => {
    const position = this.input.valueAsNumber;
    const value = this.scale === "log" ? logValue(position, this.min, this.max) : position;
    this.dispatchEvent(new CustomEvent("hosta-input", { detail: value, bubbles: true, composed: true }));
  };

  protected override updated(): void {
    const { min, max, valueAsNumber } = this.input;
    const part = (valueAsNumber - Number(min)) / (Number(max) - Number(min) || 1);
    this.input.style.setProperty("--fill", `${100 * part}%`);
  }

  protected override render(): TemplateResult {
    const log = this.scale === "log";
    const words = this.words(this.value);
    return html`
      <label for="range">${this.label}</label>
      <output class="number" for="range">${words}</output>
      <input
        id="range"
        type="range"
        min=${log ? 0 : this.min}
        max=${log ? 1 : this.max}
        step=${log ? 0.005 : this.step}
        .value=${String(log ? logPosition(this.value, this.min, this.max) : this.value)}
        aria-label=${this.of ? `${this.label} of ${this.of}` : nothing}
        aria-valuetext=${words}
        @input=${this.moved}
      />
    `;
  }

  static override styles = [
    theme,
    fields,
    css`
      :host {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 0 8px;
      }
      label {
        color: var(--quiet);
      }
      input {
        grid-column: 1 / -1;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    "hosta-slider": HostaSlider;
  }
}
