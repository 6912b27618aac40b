import { it } from "vitest";
import { Site, until } from "./site";
it("looks", async () => {
  const site = await Site.open();
  const out = process.env.LOOK_OUT!;
  try {
    const { page, problems } = await site.page({ fragment: "#token=abc" });
    page.on("console", m => console.log(m.text()));
    await until(page, "document.querySelector('hosta-view')?.stats.framesPresented > 20").catch(async (e) => { console.log(problems, await page.evaluate("[document.querySelector('hosta-view')?.state, server.offers.length]")); await page.screenshot({ path: out + "/fail.png" }); throw e; });
    await page.mouse.move(400, 400); await page.mouse.down(); await page.mouse.move(460, 380, { steps: 12 }); await page.mouse.up();
    await page.waitForTimeout(1200);
    console.log(JSON.stringify(await page.evaluate("(({latencyMs,...s})=>({...s,latencyMs:latencyMs.map(Math.round)}))(document.querySelector('hosta-view').stats)")));
    console.log(page.url(), await page.evaluate("server.logins"), problems);
    await page.screenshot({ path: out + "/dark.png" });
    await page.keyboard.press("\\"); await page.waitForTimeout(300);
    await page.locator("hosta-panel").evaluate((p: HTMLElement) => { p.scrollTop = 1e5; });
    await page.screenshot({ path: out + "/dark2.png" });
    await page.locator("hosta-panel").evaluate((p: HTMLElement) => { p.scrollTop = 620; });
    await page.locator("hosta-view").evaluate((v: any) => v.toggleHelp()); await page.waitForTimeout(200);
    await page.screenshot({ path: out + "/help.png" });
    const light = (await site.page({ light: true })).page;
    await until(light, "document.querySelector('hosta-view')?.stats.framesPresented > 10");
    await light.screenshot({ path: out + "/light.png" });
    const small = (await site.page({ width: 400, height: 760 })).page;
    await until(small, "document.querySelector('hosta-view')?.stats.framesPresented > 10");
    await small.screenshot({ path: out + "/small.png" });
    await small.locator("#toggle").click(); await small.waitForTimeout(600);
    await small.screenshot({ path: out + "/small2.png" });
    await page.keyboard.press("Escape");
    await page.evaluate("server.answers=[503,503,503,503]; server.die(false)");
    await page.waitForTimeout(900);
    await page.locator("hosta-view").evaluate((v: any) => v.notify("shading.density: the density must be at most 50000"));
    await page.waitForTimeout(500);
    await page.screenshot({ path: out + "/again.png" });
    const locked = (await site.page({ prepare: "server.answers=[401]" })).page;
    await locked.waitForTimeout(1500);
    await locked.screenshot({ path: out + "/locked.png" });
  } finally { await site.close(); }
});
