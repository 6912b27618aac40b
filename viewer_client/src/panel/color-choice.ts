// <hosta-colors>: the choice of a channel's colours: one, a colour map by name, or own ones at places of the window.
import { css, html, LitElement, nothing, svg, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { addIcon, removeIcon } from "../icons";
import { COLOR_MAPS } from "../presets";
import { fields, theme } from "../theme";
import { firstNodes, stripOf, withColor, withPlace, type ChosenColors, type ColorNode } from "./colors";
import { colorInput, iconButton, percent, select, type Options } from "./controls";

const PLAIN = "-plain";
const OTHER = "-other";
const OWN = "-own";

/** Fires `hosta-input` with a ChosenColors as its detail. */
@customElement("hosta-colors")
export class HostaColors extends LitElement {
  /** The channel's name. */
  @property() name = "";
  @property({ attribute: false }) color: readonly number[] = [1, 1, 1];
  @property({ attribute: false }) value: ChosenColors = { color_map: null, colors: [] };

  /** Whether a name is being typed. */
  @state() private typing = false;

  private put(color_map: string | null, colors: readonly ColorNode[] = []): void {
    this.dispatchEvent(
      new CustomEvent("hosta-input", { detail: { color_map, colors }, bubbles: true, composed: true }),
    );
  }

  private readonly chosen = (name: string): void => {
    this.typing = name === OTHER;
    if (name === PLAIN) this.put(null);
    else if (name === OWN) this.put(null, firstNodes(this.value, this.color));
    else if (name !== OTHER) this.put(name);
  };

  private readonly typed = (event: Event): void => {
    const name = (event.target as HTMLInputElement).value.trim();
    this.typing = false;
    if (name) this.put(name);
  };

  private options(): Options {
    const { color_map } = this.value;
    const maps = Object.fromEntries(Object.keys(COLOR_MAPS).map((name) => [name, name.replace(/^.*:/, "")]));
    if (color_map !== null && !(color_map in maps)) maps[color_map] = color_map;
    return { [PLAIN]: "One colour", "Colour map": { ...maps, [OTHER]: "Another, by its name…" }, [OWN]: "Own colours" };
  }

  private strip(): TemplateResult | typeof nothing {
    const stops = stripOf(this.value);
    if (stops === null || stops.length === 0) return nothing;
    return html`<svg class="strip" aria-hidden="true">
      ${svg`
        <defs><linearGradient id="map">
          ${stops.map(({ at, color }) => svg`<stop offset=${at} stop-color=${color} />`)}
        </linearGradient></defs>
        <rect width="100%" height="100%" rx="3" fill="url(#map)" />
      `}
    </svg>`;
  }

  private nodeRow([at, color]: ColorNode, i: number): TemplateResult {
    const nodes = this.value.colors;
    const name = `Colour ${i + 1} of ${this.name}`;
    const place = (event: Event): void =>
      this.put(null, withPlace(nodes, i, (event.target as HTMLInputElement).valueAsNumber));
    return html`<div class="node">
      ${colorInput(name, color, (chosen) => this.put(null, nodes.with(i, [at, chosen as [number, number, number]])))}
      <input
        type="range"
        min="0"
        max="1"
        step="0.01"
        aria-label=${`Place of colour ${i + 1} of ${this.name}`}
        aria-valuetext=${percent(at)}
        .value=${String(at)}
        @input=${place}
      />
      <span class="number">${percent(at)}</span>
      ${
        nodes.length > 1
          ? iconButton(removeIcon, `Remove colour ${i + 1} of ${this.name}`, () =>
              this.put(null, nodes.toSpliced(i, 1)),
            )
          : nothing
      }
    </div>`;
  }

  protected override render(): TemplateResult {
    const { color_map, colors } = this.value;
    const now = this.typing ? OTHER : (color_map ?? (colors.length > 0 ? OWN : PLAIN));
    return html`
      <div class="choice">
        <span class="label">Colours</span>
        ${select(`Colours of ${this.name}`, now, this.options(), this.chosen)}
      </div>
      ${
        this.typing
          ? html`<input
              type="text"
              aria-label=${`Name of the colour map of ${this.name}`}
              placeholder="e.g. crameri:oslo"
              spellcheck="false"
              autocapitalize="off"
              @change=${this.typed}
            />`
          : this.strip()
      }
      ${
        color_map === null && colors.length > 0 && !this.typing
          ? html`${colors.map((node, i) => this.nodeRow(node, i))}
              <div>
                ${iconButton(addIcon, `Add a colour to ${this.name}`, () => this.put(null, withColor(colors)))}
              </div>`
          : nothing
      }
    `;
  }

  protected override updated(): void {
    for (const input of this.renderRoot.querySelectorAll<HTMLInputElement>("input[type=range]")) {
      input.style.setProperty("--fill", `${100 * input.valueAsNumber}%`);
    }
    if (this.typing) this.renderRoot.querySelector<HTMLInputElement>("input[type=text]")?.focus();
  }

  static override styles = [
    theme,
    fields,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 8px;
      }
      .choice select {
        width: 150px;
      }
      .choice,
      .node {
        display: flex;
        align-items: center;
        gap: 10px;
      }
      .label {
        flex: 1;
        color: var(--quiet);
      }
      .node input[type="range"] {
        flex: 1;
        min-width: 0;
      }
      .node .number {
        width: 42px;
        white-space: nowrap;
        text-align: end;
        color: var(--quiet);
      }
      .strip {
        display: block;
        width: 100%;
        height: 8px;
      }
      .small {
        display: grid;
        place-items: center;
        width: 24px;
        height: 24px;
        color: var(--quiet);
      }
      .small:hover {
        color: var(--text);
        background: var(--raised);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    "hosta-colors": HostaColors;
  }
}
