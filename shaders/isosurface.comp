// Isosurfaces of all channels, front to back, lit without shadows: where the trilinear field passes a channel's isovalue
// in either direction. A surface is open where the volume, the crop box or a plane cuts it. Segmentations are solids.
#include "lib/scene.glsl"
#include "generated/planes.glsl"
#include "lib/rng.glsl"
#include "lib/sampler.glsl"
#include "lib/box.glsl"
#include "lib/colour.glsl"
#include "lib/bricks.glsl"
#include "lib/transfer.glsl"
#include "lib/labels.glsl"
#include "lib/nearest.glsl"
#include "lib/unlit.glsl"
#include "lib/clip.glsl"
#include "lib/slices.glsl"
#include "lib/segments.glsl"
#include "lib/solids.glsl"
#include "lib/normal.glsl"
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

// A ray has at most so many surfaces; noise seen through glass would have no end.
const int MOST_SURFACES = 64;
const int BISECTIONS = 12;
const float NONE = 3e38;

// The first crossing of `iso` beyond s0, or NONE. `beyond` is a place just behind it, to go on from.
float crossing_next(in Segments w, int v, int c, float iso, float s0, float s_end, out float beyond) {
    bool known = false, above = false;
    float s = s0;
    beyond = s0;
    while (s < s_end) {
        float s_exit;
        vec2 range = segment_range(w, c, s, s_exit);
        if (range.x >= iso || range.y < iso) {
            s = s_exit;
            known = false;
            continue;
        }
        if (!known) above = intensity_shown_at(v, c, segments_at(w, s)) >= iso;
        known = true;
        float end = segment_end(w, s);
        float a_step = min(scene_planes.step_vox, 0.5) * 1000.0 * segments_least(w);
        float steps = ceil((end - s) / a_step);
        float before = s;
        for (float i = 1.0; i <= steps; i += 1.0) {
            float place = i < steps ? mix(s, end, i / steps) : end;
            if ((intensity_shown_at(v, c, segments_at(w, place)) >= iso) != above) {
                float a = before, b = place;
                for (int k = 0; k < BISECTIONS; k++) {
                    float middle = 0.5 * (a + b);
                    if ((intensity_shown_at(v, c, segments_at(w, middle)) >= iso) != above) b = middle;
                    else a = middle;
                }
                beyond = b;
                return b < s_end ? 0.5 * (a + b) : NONE;
            }
            before = place;
        }
        s = end;
    }
    return NONE;
}

struct Surface {
    float t;       // unit space, along the whole ray
    float beyond;  // where to look for the next one
    uint id;       // of a label
};

// Surely behind t: by more than a digit of it, or the surface that is there would be found again.
float past(float t, in Segments w) { return (t + segments_least(w)) * (1.0 + 4.8e-7); }

// The next surface of channel c along the ray at t >= from and before `until`.
Surface surface_next(int v, int c, vec3 o, vec3 d, float from, float until, uint id) {
    Surface none = Surface(NONE, from, id);
    Segments w;
    float t0;
    vec2 span = kept_span(c, o, d);
    if (!segments_start(v, o, d, vec2(max(span.x, from), min(span.y, until)), w, t0)) return none;
#ifdef HAS_LABELS
    if (STORAGE_OF(c) == 2) {
        float s = solid_next(w, v, c, 0.0, id);
        return s < 0.0 ? none : Surface(t0 + s, past(t0 + s, w), id);
    }
#endif
    float beyond;
    float s = crossing_next(w, v, c, scene_planes.shown[c].isovalue, 0.0, w.s_end, beyond);
    return s == NONE ? none : Surface(t0 + s, past(t0 + beyond, w), id);
}

// Premultiplied colour and opacity of a surface; `share` is how much of it is seen.
vec4 lit(int v, int c, Surface hit, vec3 o, vec3 d, float share, inout Aside guides) {
    vec3 p = o + d * hit.t, n, albedo;
    vec3 g = clamp(grid_from_unit(v, p), vec3(0.0), vec3(volumes[v].size.xyz));
    float alpha = channels[c].weight;
    place_at(v, g);
#ifdef HAS_LABELS
    if (STORAGE_OF(c) == 2) {
        vec4 tint = label_tint(c, hit.id);
        albedo = tint.rgb;
        n = unit_gradient(v, label_gradient(c, level_size(v), volumes[v].bricks.xyz, level_grid(v, g), hit.id) / voxel_steps());
        float steep = length(n);
        n = steep > 1e-9 ? n / steep : -d;
        alpha = tint.a * label_coat(c, dot(n, d));
    } else
#endif
    {
        albedo = albedo_of(c, scene_planes.shown[c].isovalue);
        n = gradient_normal(v, c, g, -d);
    }
    if (dot(n, d) > 0.0) n = -n;
    Vertex x = vertex_of(c, albedo, n);
    guides.albedo += share * alpha * (x.diffuse + x.specular);
    guides.normal += share * alpha * vec4(n, 1.0);
    if (guides.label == 0u && hit.id != 0u) guides.label = hit.id | uint(volumes[v].size.w - 1) << 28u;
    return vec4((unshadowed(x, p, d) + channels[c].emission.rgb) * alpha, alpha);
}

vec4 look(vec3 o, vec3 d, vec4 u, inout Aside guides) {
    vec4 seen = vec4(0.0);
    Surface next[N_CHANNELS];
    int volume_of[N_CHANNELS];
    // Behind an opaque surface nothing is looked for.
    float until = 1e30;
    for (int v = 0; v < N_VOLUMES; v++) {
        int first = volumes[v].bricks.w;
        for (int c = first; c < first + volumes[v].cells.w; c++) {
            volume_of[c] = v;
            next[c] = Surface(NONE, 0.0, 0u);
            if (channels[c].weight <= 0.0) continue;
            next[c] = surface_next(v, c, o, d, 0.0, until, 0u);
            bool covers = channels[c].weight >= 1.0;
#ifdef HAS_LABELS
            if (STORAGE_OF(c) == 2) covers = covers && label_covers(c, next[c].id);
#endif
            if (covers) until = min(until, next[c].t);
        }
    }
    float slice_t = NONE;
    vec4 slice = vec4(0.0);
    if (scene_planes.slice_count > 0 && !slice_hit(o, d, 0.0, until, slice_t, slice)) slice_t = NONE;
    for (int i = 0; i < MOST_SURFACES && seen.a < 0.996; i++) {
        int nearest = -1;
        float t = slice_t;
        for (int c = 0; c < N_CHANNELS; c++) {
            if (next[c].t < t) {
                t = next[c].t;
                nearest = c;
            }
        }
        if (t == NONE) break;
        vec4 one = slice;
        if (nearest >= 0) {
            int v = volume_of[nearest];
            one = lit(v, nearest, next[nearest], o, d, 1.0 - seen.a, guides);
            if (one.a < 1.0) next[nearest] = surface_next(v, nearest, o, d, next[nearest].beyond, until, next[nearest].id);
        } else {
            guides.albedo += (1.0 - seen.a) * slice.rgb;
            if (!slice_hit(o, d, t, until, slice_t, slice)) slice_t = NONE;
        }
        guides.depth += (1.0 - seen.a) * one.a * t;
        seen += (1.0 - seen.a) * one;
    }
    return seen;
}

#include "lib/samples.glsl"
