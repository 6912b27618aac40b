// <hosta-light-disc>: where the light comes from, as a point on a disc: the middle is from the viewer, the inner ring
// from the side, the rim from behind.
import { css, html, LitElement, svg, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { theme } from "../theme";

const RADIUS = 44;
const STEP_DEG = 5;

export interface LightDirection {
  azimuth: number;
  elevation: number;
}

/** The point on the unit disc (x to the right, y up) for a direction in degrees; equal angles are equal distances. */
export function discPoint({ azimuth, elevation }: LightDirection): [number, number] {
  const [a, e] = [(azimuth * Math.PI) / 180, (elevation * Math.PI) / 180];
  const x = Math.sin(a) * Math.cos(e);
  const y = Math.sin(e);
  const z = Math.cos(a) * Math.cos(e);
  const across = Math.hypot(x, y);
  const radius = Math.atan2(across, z) / Math.PI;
  // Straight from behind, every direction on the rim is right.
  return across < 1e-9 ? [radius, 0] : [(x / across) * radius, (y / across) * radius];
}

/** The direction in whole degrees for a point on the disc; points outside count as on the rim. */
export function discDirection(x: number, y: number): LightDirection {
  const radius = Math.hypot(x, y);
  const angle = Math.min(radius, 1) * Math.PI;
  const across = radius < 1e-9 ? 0 : Math.sin(angle) / radius;
  const elevation = Math.asin(Math.min(1, Math.max(-1, y * across)));
  const azimuth = Math.atan2(x * across, Math.cos(angle));
  // `+ 0` turns a negative zero into zero.
  return { azimuth: Math.round((azimuth * 180) / Math.PI) + 0, elevation: Math.round((elevation * 180) / Math.PI) + 0 };
}

/** Fires `hosta-input` with the new LightDirection as its detail. */
@customElement("hosta-light-disc")
export class HostaLightDisc extends LitElement {
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
        aria-label="Direction of the light"
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
