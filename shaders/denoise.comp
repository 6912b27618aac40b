// The filter of the moving picture: an edge-avoiding a-trous wavelet transform that keeps its coarsest level, guided by
// the noise's variance, albedo, normal and depth. Passes, each a program of this file:
//
//   PACK    one texel a pixel of all that the others need (lib/denoise.glsl)
//   GUIDE   guides averaged over 3 x 3 while samples are few; single bright pixels brought down to their neighbours;
//           the noise; colour becomes irradiance: it is divided by the albedo
//   FILTER  3 x 3 binomial with holes of 1, 2, 4 pixels; the last one multiplies by the albedo and develops (LAST)
//
// All in linear radiance, premultiplied: edges of transparent parts get no fringes. A pass moves light between pairs of
// pixels, as much as one gives the other gets: the mean brightness stays, which weights normalised pixel by pixel would
// lower, because a dark pixel would not take what a bright one gives. (So it is a step of anisotropic diffusion: Perona
// & Malik, PAMI 12(7), 1990.)
// Sources: Dammertz et al., "Edge-Avoiding A-Trous Wavelet Transform for fast Global Illumination Filtering", HPG 2010;
// Schied et al., "Spatiotemporal Variance-Guided Filtering", HPG 2017, sections 4.2 to 4.4.
#include "lib/colour.glsl"
#include "lib/developed.glsl"
#include "lib/denoise.glsl"

layout(local_size_x = 8, local_size_y = 8) in;

uniform ivec2 window;
uniform float scale;       // radiance to 1 = white: the exposure's factor

float luma(vec3 c) { return dot(c, vec3(0.2126, 0.7152, 0.0722)); }

// An albedo to divide by: never so small that noise would be blown up.
vec3 divisor(vec3 albedo) { return max(albedo, 0.05); }

#if defined(PACK)
layout(rgba32f, binding = 0) uniform readonly image2D color_sum;
layout(rgba32f, binding = 1) uniform readonly image2D moments;   // sums: depth, luminance^2; samples
layout(rgba32f, binding = 2) uniform readonly image2D picture;   // the mean so far, with history
layout(r32f, binding = 3) uniform readonly image2D worth;        // how many samples the picture is worth
layout(rgba32f, binding = 4) uniform readonly image2D albedo_sum;
layout(rgba32f, binding = 5) uniform readonly image2D normal_sum;
layout(rgba32ui, binding = 6) uniform writeonly uimage2D packed_out;

void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(at, window))) return;
    vec4 now = imageLoad(color_sum, at), sums = imageLoad(moments, at), shown = imageLoad(picture, at);
    vec3 albedo = imageLoad(albedo_sum, at).rgb, normal = imageLoad(normal_sum, at).xyz;
    Cell c;
    c.rgb = shown.rgb;
    c.coverage = shown.a;
    float hits = now.a, per_hit = 1.0 / max(hits, 1.0);
    c.depth = hits > 0.0 ? sums.x * per_hit : 0.0;
    c.albedo = hits > 0.0 ? albedo * per_hit : vec3(1.0);
    // Normals that point anywhere say nothing, and nor do a few among many events without one.
    float long_ = length(normal);
    c.normal = long_ > 0.4 * hits ? normal / max(long_, 1e-6) : vec3(0.0);
    // Of the mean: the samples' own variance, and that of coverage. The picture with history knows the mean better.
    float n = imageLoad(worth, at).r, mean = luma(shown.rgb), a = shown.a;
    float variance = max(sums.y / max(sums.z, 1.0) - mean * mean, 0.0) * scale * scale + 0.25 * a * (1.0 - a);
    c.noise = n < 1.5 ? 0.0 : sqrt(variance / (n - 1.0));
    c.around = c.tolerance = c.spread = 0.0;
    imageStore(packed_out, at, pack_cell(c));
}

#elif defined(GUIDE)
layout(r32f, binding = 1) uniform readonly image2D worth;
layout(rgba32ui, binding = 5) uniform readonly uimage2D packed_in;
layout(rgba32ui, binding = 6) uniform writeonly uimage2D packed_out;
uniform float pixel_size;  // of a pixel in unit space, at distance 1 (perspective) or any
uniform int perspective;

// Sums over the pixels around.
float others;              // how much of the neighbours' guides is wanted
Cell guides;               // albedo, normal, depth
float total, depth2, guides2, variance, bright2;
vec2 own, sums, squares;   // brightness and coverage

void look(ivec2 there, float weight) {
    Cell q = unpack_cell(imageLoad(packed_in, there));
    float w = q.coverage * others * weight;
    total += w;
    guides.albedo += q.albedo * w;
    guides.normal += q.normal * w;
    guides.depth += q.depth * w;
    depth2 += q.depth * q.depth * w;
    guides2 += (ALBEDO_WEIGHT * dot(q.albedo, q.albedo) + NORMAL_WEIGHT * dot(q.normal, q.normal)) * w;
    variance += q.noise * q.noise;
    vec2 s = vec2(luma(q.rgb) * scale, q.coverage);
    sums += s;
    squares += s * s;
    bright2 += s.x * s.x / max(s.y, 1e-3);
}

void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(at, window))) return;
    Cell c = unpack_cell(imageLoad(packed_in, at));
    float samples = max(imageLoad(worth, at).r, 1.0);
    others = 4.0 / (3.0 + samples);
    guides = c;
    total = c.coverage;
    guides.albedo *= total;
    guides.normal *= total;
    guides.depth *= total;
    depth2 = c.depth * guides.depth;
    guides2 = (ALBEDO_WEIGHT * dot(c.albedo, c.albedo) + NORMAL_WEIGHT * dot(c.normal, c.normal)) * total;
    variance = c.noise * c.noise;
    float l = luma(c.rgb) * scale;
    own = vec2(l, c.coverage);
    sums = squares = vec2(0.0);
    bright2 = 0.0;
    ivec2 lo = max(at - 1, ivec2(0)), hi = min(at + 1, window - 1);
    look(lo, 0.25);
    look(ivec2(at.x, lo.y), 0.5);
    look(ivec2(hi.x, lo.y), 0.25);
    look(ivec2(lo.x, at.y), 0.5);
    look(ivec2(hi.x, at.y), 0.5);
    look(ivec2(lo.x, hi.y), 0.25);
    look(ivec2(at.x, hi.y), 0.5);
    look(hi, 0.25);
    if (total > 0.0) {
        c.albedo = guides.albedo / total;
        c.depth = guides.depth / total;
        vec3 n = guides.normal / total;
        c.spread = max(guides2 / total - ALBEDO_WEIGHT * dot(c.albedo, c.albedo) - NORMAL_WEIGHT * dot(n, n), 0.0);
        float long_ = length(guides.normal);
        c.normal = long_ > 0.3 * total ? guides.normal / max(long_, 1e-6) : vec3(0.0);
        float spread = sqrt(max(depth2 / total - c.depth * c.depth, 0.0));
        float footprint = pixel_size * (perspective != 0 ? c.depth : 1.0);
        c.tolerance = 2.0 * spread + 3.0 * footprint + 1e-3;
    }
    // Straight brightness far above that of the pixels around is a firefly.
    float mean = sums.x / max(sums.y, 1e-3);
    float sigma = sqrt(max(bright2 / max(sums.y, 1e-3) - mean * mean, 0.0));
    float limit = mix(4.0, 1.5 * mean + 6.0 * sigma + 0.02, clamp(sums.y / 3.0, 0.0, 1.0)) * c.coverage;
    if (l > limit && c.coverage > 0.0) c.rgb *= limit / l;

    sums += own;
    squares += own * own;
    vec2 m = sums / 9.0, v = max(squares / 9.0 - m * m, 0.0);
    // With few samples the pixels around are the better estimate; with more it would be of the picture's own edges.
    float trust = clamp((samples - 1.0) / 7.0, 0.0, 1.0);
    c.around = m.y;
    c.noise = sqrt(mix(v.x + 0.25 * v.y, variance / 9.0, trust));
    // Of irradiance, as the colour will be.
    vec3 d = divisor(c.albedo);
    c.rgb /= d;
    c.noise /= luma(d);
    imageStore(packed_out, at, pack_cell(c));
}

#else
layout(rgba32ui, binding = 5) uniform readonly uimage2D packed_in;
layout(r32f, binding = 1) uniform readonly image2D worth;
#ifdef LAST
layout(rgba32f, binding = 2) uniform readonly image2D picture;  // the mean so far, with history
layout(rgba32f, binding = 3) uniform writeonly image2D filtered; // developed with TONE_MODE, -1: linear
uniform vec2 fade;         // numbers of samples: of the first that is filtered less, of the first that is not filtered
#else
layout(rgba32ui, binding = 6) uniform writeonly uimage2D packed_out;
#endif
uniform int hole;          // pixels from one tap to the next
uniform float strength;    // standard deviations that count as noise
uniform float reach;       // of the depth tolerances of two pixels: how much of their sum counts

Cell c;
float noise2, inverse_strength, samples_around, total, squares;
vec4 sum;

void add(ivec2 there, float weight) {
    Cell q = unpack_cell(imageLoad(packed_in, there));
    float apart = distance_of_colours(c.rgb, c.coverage, q.rgb, q.coverage, scale) * inverse_strength
            / (noise2 + q.noise * q.noise)
        + distance_of_guides(c.albedo, q.albedo, c.normal, q.normal, c.spread + q.spread, c.depth, q.depth,
                             (c.tolerance + q.tolerance) * reach)
        + distance_of_coverage(c.around, q.around, samples_around);
    float w = weight * fall_off(apart);
    sum += vec4(q.rgb - c.rgb, q.coverage - c.coverage) * w;
    total -= w;
    squares += w * w;
}

void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(at, window))) return;
    c = unpack_cell(imageLoad(packed_in, at));
    float samples = max(imageLoad(worth, at).r, 1.0);
    samples_around = 9.0 * samples;
    // The noise of one sample is known from the pixels around alone, and less well.
    float s = strength * (1.0 + 0.6 / samples);
    inverse_strength = 2.0 / (s * s);
    noise2 = c.noise * c.noise + 1e-7;
    sum = vec4(c.rgb, c.coverage);
    total = 1.0;
    squares = 0.0;
    // Written out: the loop would cost a software device as much as its body.
    ivec2 lo = max(at - hole, ivec2(0)), hi = min(at + hole, window - 1);
    add(lo, 0.0625);
    add(ivec2(at.x, lo.y), 0.125);
    add(ivec2(hi.x, lo.y), 0.0625);
    add(ivec2(lo.x, at.y), 0.125);
    add(ivec2(hi.x, at.y), 0.125);
    add(ivec2(lo.x, hi.y), 0.0625);
    add(ivec2(at.x, hi.y), 0.125);
    add(hi, 0.0625);
#ifdef LAST
    vec4 before = imageLoad(picture, at);
    float kept = smoothstep(fade.x, fade.y, samples);
    imageStore(filtered, at, developed(mix(vec4(sum.rgb * divisor(c.albedo), sum.a), before, kept), scale, TONE_MODE));
#else
    c.rgb = sum.rgb;
    c.coverage = sum.a;
    c.noise *= sqrt(squares + total * total);
    imageStore(packed_out, at, pack_cell(c));
#endif
}
#endif
