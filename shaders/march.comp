// A plain emission-absorption ray march, front to back: opacity corrected for the step, local shading without shadows.
// All volumes are looked at at the same places, a step apart that is `step_vox` of the finest of them; the first place
// is random, so that steps show as noise that goes away and not as bands.
// Source: Max, "Optical Models for Direct Volume Rendering", IEEE TVCG 1(2), 1995, eq. 12 and 13.
#include "lib/scene.glsl"
#include "generated/planes.glsl"
#include "lib/rng.glsl"
#include "lib/sampler.glsl"
#include "lib/box.glsl"
#include "lib/colour.glsl"
#include "lib/bricks.glsl"
#include "lib/transfer.glsl"
#include "lib/labels.glsl"
#include "lib/clip.glsl"
#include "lib/medium.glsl"
#include "lib/nearest.glsl"
#include "lib/unlit.glsl"
#include "lib/slices.glsl"
#include "lib/phase.glsl"
#include "lib/brdf.glsl"
#include "lib/vertex.glsl"
#ifdef HAS_ENVIRONMENT
#include "lib/environment.glsl"
#endif
#include "lib/light.glsl"
#include "lib/unshadowed.glsl"
#include "lib/camera.glsl"
#include "lib/film.glsl"
#include "lib/aside.glsl"

const float SPENT = 0.004;     // what is behind so little transmittance is not seen
const float FAINT = 1.0 / 64.0;  // steps of a channel are shaded together until they add so much light

// Radiance that channel c sends back along the ray: as a surface where its opacity changes, else as a medium. The share
// of surfaces is the one that the path tracer has in its mean.
vec3 lit(int v, int c, float texel, vec3 p, vec3 d, float share, inout Aside guides) {
    vec3 albedo = albedo_at(c, texel), n = vec3(0.0);
    float sure = 0.0;
    if (params.shading_mode != 2) {
        vec3 g = grid_from_unit(v, p);
        place_at(v, g);
        vec3 gradient = opacity_gradient(v, c, g, texel);
        float steep = length(gradient);
        if (steep > 1e-6) {
            n = gradient / -steep;
            if (dot(n, d) > 0.0) n = -n;
            sure = params.shading_mode == 1 ? 1.0
                       : 1.0 - exp(-25.0 * params.gradient_factor * steep * voxel_edge(v));
        }
    }
    guides.albedo += share * albedo;
    guides.normal += share * sure * vec4(n, 1.0);
#ifdef HAS_LABELS
    if (guides.label == 0u && STORAGE_OF(c) == 2)
        guides.label = floatBitsToUint(texel) | uint(volumes[v].size.w - 1) << 28u;
#endif
    vec3 light = channels[c].emission.rgb;
    // Both kinds in one loop, so that the code exists once.
    for (int kind = sure < 1.0 ? 0 : 1; kind < (sure > 0.0 ? 2 : 1); kind++)
        light += (kind == 0 ? 1.0 - sure : sure) * unshadowed(vertex_of(c, albedo, kind == 0 ? vec3(0.0) : n), p, d);
    return share * light;
}

// The macrocell of volume v at g, as an index; whether it is empty, and up to where along the ray it stays so.
bool is_clear(int v, vec3 g, float t, vec3 inverse_d, out int index, out float t_clear) {
#ifdef PAGED
    place_at(v, g);
    ivec3 cell = cell_here(g);
    index = here.node * CELLS_OF_BRICK + index_of_cell(cell);
    uint entry = cell_at(index);
    int reach = int(entry >> 16u);
    vec3 lo = vec3(max(cell - reach + 1, here_lo) * CELL), hi = vec3(min(cell + reach, here_hi) * CELL);
    g = brick_grid(g);
    inverse_d /= here_scale;
    if ((entry & 0xFFFFu) != 0u) place_report_matter();
#else
    ivec3 n = volumes[v].cells.xyz;
    ivec3 cell = clamp(ivec3(g) / CELL, ivec3(0), n - 1);
    index = (cell.z * n.y + cell.y) * n.x + cell.x;
    uint entry = cell_at(volumes[v].cell_base + index);
    int reach = int(entry >> 16u);
    vec3 lo = vec3((cell - reach + 1) * CELL), hi = vec3((cell + reach) * CELL);
#endif
    vec3 face = max((lo - g) * inverse_d, (hi - g) * inverse_d);
    t_clear = t + min(face.x, min(face.y, face.z));
    return (entry & 0xFFFFu) == 0u;
}

// Where the ray is inside each volume, and inside what crop box and planes keep.
struct Ray {
    vec3 o, d;
    vec2 kept;
    vec2 inside[N_VOLUMES];
    vec3 inverse_d[N_VOLUMES];  // of the directions in grid coordinates
};

// What was seen so far.
struct Seen {
    vec3 radiance;
    float T;
    Aside guides;
};

// March from the first of the places `first`, first + dt, ... that is at t0 or beyond, to before t1.
void march(in Ray ray, float first, float dt, float t0, float t1, inout Seen seen) {
    // Of each channel: its opacity here, and what it is still to be shaded with, at the last place where there was any.
    float opacities[N_CHANNELS], texels[N_CHANNELS], shares[N_CHANNELS], places[N_CHANNELS];
    for (int c = 0; c < N_CHANNELS; c++) shares[c] = 0.0;
    // Counted, so that steps too small for t to change come to an end.
    float step_ = max(0.0, ceil((t0 - first) / dt)), t = first + step_ * dt;
    // A step shades one channel, the one that waits with the most light; at the end the rest have their turn.
    while (true) {
        bool over = !(t < t1 && seen.T > SPENT);
        float sum = 0.0, most = 0.0, here = t;
        if (!over) {
            vec3 p = ray.o + ray.d * t;
            bool kept = t >= ray.kept.x && t <= ray.kept.y;
            float clear_to = 1e30;
            bool clear = true;
            vec3 g[N_VOLUMES];
            int cell[N_VOLUMES];  // -1: nothing to look at
            for (int v = 0; v < N_VOLUMES; v++) {
                cell[v] = -1;
                if (t > ray.inside[v].y) continue;
                if (t < ray.inside[v].x) {
                    clear_to = min(clear_to, ray.inside[v].x);
                    continue;
                }
                g[v] = clamp(grid_from_unit(v, p), vec3(0.0), vec3(volumes[v].size.xyz));
                int index;
                float t_clear;
                if (is_clear(v, g[v], t, ray.inverse_d[v], index, t_clear)) {
                    clear_to = min(clear_to, t_clear);
                    continue;
                }
                clear = false;
                cell[v] = index;
                if (scene_planes.nearest != 0) g[v] = voxel_centre(v, g[v]);
            }
            for (int c = 0; c < N_CHANNELS; c++) {
                int v = VOLUME_OF[c];
                opacities[c] = 0.0;
                if (cell[v] < 0 || majorant_at(c, cell[v]) <= 0.0 || channels[c].weight <= 0.0) continue;
                if (!kept && scene_planes.shown[c].clipped != 0) continue;
                float texel;
                place_at(v, g[v]);
                opacities[c] = channel_opacity(v, c, g[v], texel);
                if (opacities[c] > 0.0) {
                    texels[c] = texel;
                    places[c] = t;
                }
                sum += opacities[c];
                most = max(most, opacities[c]);
            }
            if (clear) {
                step_ += max(1.0, ceil((clear_to - t) / dt));
                t = first + step_ * dt;
                continue;
            }
            step_ += 1.0;
            t = first + step_ * dt;
            if (sum <= 0.0) continue;
        }
        // physical: opacities add, each channel shines by its share. max: the most opaque channel alone.
        // additive: opacities add, and so do colours: the most opaque channel has all of its own.
        float per_opacity = 0.0;
        if (!over) {
            if (scene_planes.mixing == 1) sum = most;
            float alpha = 1.0 - exp(-params.density * sum * dt);
            per_opacity = seen.T * alpha / (scene_planes.mixing == 2 ? most : sum);
            seen.guides.depth += seen.T * alpha * here;
            seen.T *= 1.0 - alpha;
        }
        bool taken = false;
        int shaded = -1;
        float most_share = over ? 0.0 : FAINT;
        for (int c = 0; c < N_CHANNELS; c++) {
            if (per_opacity > 0.0 && !(scene_planes.mixing == 1 && (taken || opacities[c] < most))) {
                taken = true;
                shares[c] += per_opacity * opacities[c];
            }
            if (shares[c] > most_share) {
                most_share = shares[c];
                shaded = c;
            }
        }
        if (shaded >= 0) {
            vec3 p = ray.o + ray.d * places[shaded];
            seen.radiance +=
                lit(VOLUME_OF[shaded], shaded, texels[shaded], p, ray.d, shares[shaded], seen.guides);
            shares[shaded] = 0.0;
        } else if (over) {
            break;
        }
    }
}

vec4 look(vec3 o, vec3 d, vec4 u, inout Aside guides) {
    Ray ray;
    ray.o = o;
    ray.d = d;
    vec2 crop = clip_to_box(o, safe_inverse(d), params.crop_lo.xyz, params.crop_hi.xyz, 0.0, 1e30);
    ray.kept = clip_to_planes(o, d, crop);
    vec2 drawn = scene_planes.unclipped != 0 ? vec2(0.0, 1e30) : ray.kept;
    vec2 whole = vec2(1e30, -1e30);
    float dt = 1e30;
    for (int v = 0; v < N_VOLUMES; v++) {
        ray.inverse_d[v] = safe_inverse(grid_direction(v, d));
        ray.inside[v] = vec2(1e30, -1e30);
        if (scene_planes.unclipped == 0 && cuts[v].lo.w == 0.0) continue;
        vec2 inside = clip_to_box(grid_from_unit(v, o), ray.inverse_d[v], vec3(0.0),
                                  vec3(volumes[v].size.xyz), drawn.x, drawn.y);
        if (inside.x >= inside.y) continue;
        ray.inside[v] = inside;
        whole = vec2(min(whole.x, inside.x), max(whole.y, inside.y));
        // A million steps through the scene are enough, however long it is.
        float edge = volumes[v].voxel_unit;
#ifdef PAGED
        // Voxels are drawn no finer than pixels are where the ray comes in.
        float off = max(inside.x, 0.05 * (inside.y - inside.x));
        edge = max(edge, 2.0 * length(params.up.xyz) / float(params.picture.y) * (params.eye.w > 0.5 ? off : 1.0));
#endif
        dt = min(dt, max(scene_planes.step_vox * edge, 2e-6));
    }
    Seen seen = Seen(vec3(0.0), 1.0, guides);
    float t = whole.x;
    for (int i = 0; i <= scene_planes.slice_count; i++) {
        float t_slice = 1e30;
        vec4 slice = vec4(0.0);
        bool sliced = scene_planes.slice_count > 0 && slice_hit(o, d, i == 0 ? 0.0 : t, 1e30, t_slice, slice);
        float stop = sliced ? t_slice : whole.y;
        if (whole.x < whole.y) march(ray, whole.x + dt * u.x, dt, t, min(stop, whole.y), seen);
        if (!sliced || seen.T <= SPENT) break;
        seen.radiance += seen.T * slice.rgb;
        seen.guides.albedo += seen.T * slice.rgb;
        seen.guides.depth += seen.T * slice.a * t_slice;
        seen.T *= 1.0 - slice.a;
        t = t_slice;
    }
    guides = seen.guides;
    return vec4(seen.radiance, 1.0 - seen.T);
}

#include "lib/samples.glsl"
