// <hosta-people>: who is at the view, over its picture: a bar, a card with all there is to do, and their pointers.
import { html, LitElement, nothing, svg, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { freeIcon, shareIcon, steerIcon } from "./icons";
import { initials, NAME_MAX, People, POINTER_RESTS_MS } from "./people";
import { peopleStyles } from "./people-styles";
import { copied, needsToken, shareLink, type Share } from "./share";
import { fields, theme } from "./theme";
import { fractionAt, shownHeight, type Size } from "./viewport";
import type { Person } from "./wire";

const FACES = 4;
const FADE_EVERY_MS = 500;

/** What the element that holds this one knows. */
export interface PeoplePlace {
  people: People;
  /** The picture's size in its own pixels; null before the first. */
  picture(): Size | null;
  /** The server's base URL, and its token where the page has it. */
  server(): { base: URL; token: string | null };
}

function face(person: Person): TemplateResult {
  return html`<svg class="face" viewBox="-12 -12 24 24" aria-hidden="true">
    ${svg`<circle r="12" fill=${person.color}></circle><text>${initials(person.name)}</text>`}
    ${person.steers ? svg`<circle class="ring" r="10.6"></circle>` : nothing}
  </svg>`;
}

@customElement("hosta-people")
export class HostaPeople extends LitElement {
  @property({ attribute: false }) place!: PeoplePlace;
  @state() private open = false;
  @state() private share: Share | null = null;
  private stop = new AbortController();
  private fading: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.stop = new AbortController();
    const { signal } = this.stop;
    const holder = (this.getRootNode() as ShadowRoot).host as HTMLElement;
    holder.addEventListener("pointermove", (event) => this.pointed(event), { signal });
    holder.addEventListener("pointerleave", () => this.people.point(null), { signal });
    this.fading = setInterval(() => this.people.cursors.length > 0 && this.requestUpdate(), FADE_EVERY_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop.abort();
    clearInterval(this.fading);
  }

  protected override willUpdate(): void {
    this.people.changed = () => this.requestUpdate();
  }

  private get people(): People {
    return this.place.people;
  }

  private pointed(event: PointerEvent): void {
    const picture = this.place.picture();
    if (picture === null) return;
    const box = this.getBoundingClientRect();
    const at = { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
    // Who points at a button does not point at the picture.
    const onPicture = event.composedPath().some((part) => part instanceof Element && part.matches(".stage"));
    this.people.point(onPicture ? fractionAt(at, box, picture) : null);
  }

  // ---- the pointers of the others, at their places in the picture ----

  protected override updated(): void {
    const picture = this.place.picture();
    if (picture === null) return;
    const size = { width: this.clientWidth, height: this.clientHeight };
    const height = shownHeight(size, picture);
    const width = (height * picture.width) / picture.height;
    for (const [i, { x, y }] of this.people.cursors.entries()) {
      const left = size.width / 2 + (x - 0.5) * width;
      const top = size.height / 2 + (y - 0.5) * height;
      const cursor = this.renderRoot.querySelectorAll<SVGElement>(".cursor")[i];
      // Not as an attribute: a page may forbid inline styles.
      if (cursor) cursor.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`;
    }
  }

  private cursors(): TemplateResult[] {
    const nowMs = performance.now();
    return this.people.cursors.map(
      ({ person, movedMs }) =>
        html`<svg class=${`cursor ${nowMs - movedMs > POINTER_RESTS_MS ? "resting" : ""}`} aria-hidden="true">
          ${svg`<path d="M0 0v15l4-3.4 2.6 5.8 2.6-1.2-2.6-5.6h5.2z" fill=${person.color}></path>
          <text x="14" y="22" stroke=${person.color}>${person.name}</text>`}
        </svg>`,
    );
  }

  // ---- the link ----

  private async link(): Promise<Share> {
    const { base, token } = this.place.server();
    this.share ??= shareLink(new URL(".", base), this.people.view, token, await needsToken(base));
    return this.share;
  }

  private readonly copy = async (): Promise<void> => {
    try {
      const { link, note } = await this.link();
      if (await copied(link)) this.people.say(`Link copied. ${note}`.trim());
      else {
        this.show(true);
        await this.updateComplete;
        this.renderRoot.querySelector<HTMLInputElement>("#link")?.select();
      }
    } catch {
      this.people.say("The server does not answer.");
    }
  };

  private show(open: boolean): void {
    this.open = open;
    this.share = null;
    if (open) void this.link().catch(() => this.people.say("The server does not answer."));
  }

  private readonly keyed = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !this.open) return;
    event.stopPropagation();
    this.show(false);
    this.renderRoot.querySelector<HTMLElement>(".faces")?.focus();
  };

  private readonly named = (event: Event): void => this.people.rename((event.target as HTMLInputElement).value);

  // ---- what is seen ----

  private get steering(): string {
    const { steerer, me, follows } = this.people;
    if (!follows) return "Your own camera";
    return steerer === null ? "" : steerer.id === me?.id ? "You steer" : `${steerer.name} steers`;
  }

  private steerButton(kind: string): TemplateResult {
    const { people } = this;
    const mine = people.me?.steers ?? false;
    const words = mine ? "Let go of the steering" : "Take the steering";
    return html`<button
      class=${kind}
      title=${words}
      aria-label=${words}
      aria-pressed=${mine ? "true" : "false"}
      @click=${() => people.steer(!mine)}
    >
      ${steerIcon}<span class="word">${mine ? "Let go" : "Steer"}</span>
    </button>`;
  }

  private followButton(kind: string): TemplateResult {
    const { people } = this;
    const words = people.follows ? "Look around with a camera of your own" : "Follow the others again";
    return html`<button
      class=${kind}
      title=${words}
      aria-label=${words}
      aria-pressed=${people.follows ? "false" : "true"}
      @click=${() => people.follow(!people.follows)}
    >
      ${freeIcon}<span class="word">${people.follows ? "Own camera" : "Follow"}</span>
    </button>`;
  }

  private card(): TemplateResult {
    const { people } = this;
    const { me } = people;
    const row = (person: Person): TemplateResult => {
      const doing = person.follows ? (person.steers ? "steers" : "") : "own camera";
      const own = person.id === me?.id;
      return html`<li>
        ${face(person)}
        ${
          own
            ? html`<input
                type="text"
                aria-label="Your name"
                maxlength=${NAME_MAX}
                autocomplete="nickname"
                .value=${person.name}
                @change=${this.named}
              />`
            : html`<span class="name">${person.name}</span>`
        }
        ${doing ? html`<span class="quiet">${doing}</span>` : nothing}
        ${own && people.inCompany ? html`<span class="quiet">you</span>` : nothing}
        ${
          !own && me?.steers && person.follows
            ? html`<button
                title=${`Give the steering to ${person.name}`}
                @click=${() => people.steer(false, person.id)}
              >
                Give steering
              </button>`
            : nothing
        }
      </li>`;
    };
    const steers = people.follows && people.inCompany;
    return html`<section class="card" aria-label="People and sharing" @keydown=${this.keyed}>
      <ul>
        ${people.list.map(row)}
      </ul>
      ${
        people.inCompany || !people.follows
          ? html`<div class="row actions">
              ${steers ? this.plain(me?.steers ? "Let go of the steering" : "Take the steering", () => people.steer(!me?.steers)) : nothing}
              ${this.plain(people.follows ? "Own camera" : "Follow the others", () => people.follow(!people.follows))}
            </div>`
          : html`<p class="quiet">Nobody else is here. Whoever opens the link sees and moves this view with you.</p>`
      }
      <label for="link">Link to this view</label>
      <div class="row">
        <input id="link" type="text" readonly .value=${this.share?.link ?? ""} @focus=${this.selected} />
        ${this.plain("Copy", this.copy)}
      </div>
      ${this.share?.note ? html`<p class="quiet">${this.share.note}</p>` : nothing}
    </section>`;
  }

  private readonly selected = (event: Event): void => (event.target as HTMLInputElement).select();

  private plain(words: string, does: () => unknown): TemplateResult {
    return html`<button @click=${() => void does()}>${words}</button>`;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { people } = this;
    if (people.view === "" || people.me === null) return nothing;
    const more = people.list.length - FACES;
    const { steering } = this;
    const others = people.list.length === 1 ? "Only you are here" : `${people.list.length} people are here`;
    const canTake = people.hint !== "" && people.steerer !== null && !people.me.steers && people.follows;
    return html`${this.cursors()}
      <div class="bar" role="toolbar" aria-label="People" part="people">
        <button
          class="faces"
          title=${`${others}: names, steering, link`}
          aria-label=${`${others}: names, steering, link`}
          aria-expanded=${this.open ? "true" : "false"}
          @click=${() => this.show(!this.open)}
          @keydown=${this.keyed}
        >
          ${people.list.slice(0, FACES).map(face)}${more > 0 ? html`<span class="more number">+${more}</span>` : nothing}
        </button>
        <span class="who wide" role="status">${people.inCompany || !people.follows ? steering : ""}</span>
        ${people.inCompany && people.follows ? this.steerButton("wide") : nothing}
        ${people.inCompany || !people.follows ? this.followButton("wide") : nothing}
        <button class="share" title="Copy a link to this view" aria-label="Share this view" @click=${this.copy}>
          ${shareIcon}<span class="word">Share</span>
        </button>
      </div>
      ${this.open ? this.card() : nothing}
      ${
        people.hint && !this.open
          ? html`<div class="hint" role="status">
              <span>${people.hint}</span>
              ${canTake ? html`<button @click=${() => people.steer(true)}>Take the steering</button>` : nothing}
            </div>`
          : nothing
      }`;
  }

  static override styles = [theme, fields, peopleStyles];
}

declare global {
  interface HTMLElementTagNameMap {
    "hosta-people": HostaPeople;
  }
}
