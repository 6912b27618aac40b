// <hosta-light-disc>: where the light comes from, as a point on a disc: the middle is from the viewer, the inner ring
// from the side, the rim from behind.
import { css, html, LitElement, svg, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { theme } from "../theme";
import { discDirection, discPoint, type LightDirection } from "./light-direction";

const RADIUS = 44;
const STEP_DEG = 5;

/** Fires `hosta-input` with the new LightDirection as its detail. */
@customElement("hosta-light-disc")
export class HostaLightDisc extends LitElement {
  @property() label = "Direction of the light";
  @property({ attribute: false }) value: LightDirection = { azimuth: 0, elevation: 0 };

  @query("svg") private disc!: SVGSVGElement;

  private put(value: LightDirection): void {
    this.dispatchEvent(new CustomEvent("hosta-input", { detail: value, bubbles: true, composed: true }));
  }

  private readonly dragged = (event: PointerEvent): void => {
    if (event.type === "pointerdown") this.disc.setPointerCapture(event.pointerId);
    else if (event.buttons === 0) return;
    const box = this.disc.getBoundingClientRect();
    const scale = (50 / RADIUS) * (2 / box.width);
    this.put(
      discDirection(
        (event.clientX - box.left - box.width / 2) * scale,
        -(event.clientY - box.top - box.height / 2) * scale,
      ),
    );
  };

  private readonly keyed = (event: KeyboardEvent): void => {
    const { azimuth, elevation } = this.value;
    const moves: Record<string, LightDirection> = {
      ArrowLeft: { azimuth: azimuth - STEP_DEG, elevation },
      ArrowRight: { azimuth: azimuth + STEP_DEG, elevation },
      ArrowUp: { azimuth, elevation: Math.min(90, elevation + STEP_DEG) },
      ArrowDown: { azimuth, elevation: Math.max(-90, elevation - STEP_DEG) },
    };
    const next = moves[event.key];
    if (!next) return;
    event.preventDefault();
    const turns = ((((next.azimuth + 180) % 360) + 360) % 360) - 180;
    this.put({ ...next, azimuth: turns });
  };

  protected override render(): TemplateResult {
    const [x, y] = discPoint(this.value).map((part) => part * RADIUS) as [number, number];
    const { azimuth, elevation } = this.value;
    const across = `${Math.abs(Math.round(azimuth))}° ${azimuth < 0 ? "left" : "right"}`;
    const up = `${Math.abs(Math.round(elevation))}° ${elevation < 0 ? "down" : "up"}`;
    return html`
      <svg
        viewBox="-50 -50 100 100"
        tabindex="0"
        role="slider"
        aria-label=${this.label}
        aria-roledescription="two-way slider"
        aria-valuemin="-180"
        aria-valuemax="180"
        aria-valuenow=${azimuth}
        aria-valuetext=${`${across}, ${up}`}
        @pointerdown=${this.dragged}
        @pointermove=${this.dragged}
        @keydown=${this.keyed}
      >
        ${svg`
          <defs>
            <radialGradient id="ball" gradientUnits="userSpaceOnUse" cx=${x} cy=${-y} r="62">
              <stop offset="0" stop-color="#fff6e2" stop-opacity="0.75" />
              <stop offset="0.55" stop-color="#fff6e2" stop-opacity="0.16" />
              <stop offset="1" stop-color="#fff6e2" stop-opacity="0.02" />
            </radialGradient>
          </defs>
          <circle class="rim" r=${RADIUS} />
          <circle r=${RADIUS} fill="url(#ball)" />
          <circle class="ring" r=${RADIUS / 2} />
          <path class="ring" d="M-${RADIUS} 0H${RADIUS}M0 -${RADIUS}V${RADIUS}" />
          <circle class="knob" cx=${x} cy=${-y} r="6" />
        `}
      </svg>
      <div class="number words"><span>${across}</span><span>${up}</span></div>
    `;
  }

  static override styles = [
    theme,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 14px;
      }
      svg {
        width: 92px;
        height: 92px;
        flex: none;
        touch-action: none;
        cursor: crosshair;
        border-radius: 50%;
      }
      .rim {
        fill: #262e36;
        stroke: var(--line);
      }
      .ring {
        fill: none;
        stroke: #fff;
        opacity: 0.14;
      }
      .knob {
        fill: #ffe2a3;
        stroke: #3a2c0c;
        stroke-width: 1.5;
      }
      .words {
        display: grid;
        color: var(--quiet);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    "hosta-light-disc": HostaLightDisc;
  }
}
