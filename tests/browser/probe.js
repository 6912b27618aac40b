// Put into every page before its own scripts: how the tests look through shadow trees and at the video.
globalThis.probe = {
  view: () => document.querySelector("hosta-view"),

  /** The value of `look()`, or null when it throws: what it looks for may not be there yet. */
  attempt(look) {
    try {
      return look();
    } catch {
      return null;
    }
  },

  *elements(root = document) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* this.elements(element.shadowRoot);
    }
  },

  find(selector) {
    for (const element of this.elements()) if (element.matches(selector)) return element;
    throw new Error(`there is no ${selector}`);
  },

  /** The words of all visible elements, one line an element that has some of its own. */
  text() {
    const lines = [];
    for (const element of this.elements()) {
      if (["STYLE", "SCRIPT", "NOSCRIPT"].includes(element.tagName) || !element.checkVisibility()) continue;
      const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
      const words = own.map((node) => node.data.trim()).filter(Boolean);
      if (words.length) lines.push(words.join(" "));
    }
    return lines.join("\n");
  },

  middle(selector) {
    const element = this.find(selector);
    element.scrollIntoView({ block: "center" });
    const { x, y, width, height } = element.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  },

  box(selector) {
    const { x, y, width, height } = this.find(selector).getBoundingClientRect();
    return [x, y, width, height];
  },

  /** Whether the screen shows the newest camera and so many samples, all of them, at full resolution. */
  atRest(samples) {
    const { frame, cameraSeqShown, cameraSeqSent } = this.view().stats;
    const finished = frame.scale === 1 && frame.target_samples === samples && frame.samples >= samples;
    return cameraSeqShown === cameraSeqSent && finished;
  },

  /** The moving picture as a PNG, in a data URL. */
  picture() {
    const canvas = this.find("canvas");
    const source = canvas.hidden ? this.find("video") : canvas;
    const copy = document.createElement("canvas");
    copy.width = source.videoWidth ?? source.width;
    copy.height = source.videoHeight ?? source.height;
    copy.getContext("2d").drawImage(source, 0, 0);
    return copy.toDataURL("image/png");
  },

  /** The state, the figures and the frame on the screen, as plain data. */
  facts() {
    const view = this.view();
    const { latencyMs, ...stats } = view.stats;
    return { connection: view.state, stats: { ...stats, latencyMs: [...latencyMs] }, camera: view.camera };
  },
};
