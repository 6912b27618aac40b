// The picture that is shown: the samples so far, and what was shown before them, moved to where it is now.
//
// The mean depth of what was hit around a pixel gives a world point; the camera of the picture before says where that
// point was. What was shown there counts as a number of samples, fewer where it differs more from what is seen now, and
// fades as real samples come: after `fade` of them the picture is their mean and nothing else.
// Source: Yang, Liu, Salvi, "A Survey of Temporal Antialiasing Techniques", CGF 39(2), 2020: sections 3.2 (reprojection),
// 4.2 (variance clipping).
//
// Without HISTORY there is nothing before. With TONE_MODE what comes out is also developed, for display; without it
// denoise.comp will do that.
#include "generated/layout.glsl"
#include "lib/colour.glsl"
#include "lib/developed.glsl"

layout(local_size_x = 8, local_size_y = 8) in;
layout(rgba32f, binding = 0) uniform readonly image2D color_sum;
layout(rgba32f, binding = 1) uniform readonly image2D moments;
layout(rgba32f, binding = 5) uniform writeonly image2D linear_out;  // premultiplied mean radiance and coverage
layout(r32f, binding = 6) uniform writeonly image2D count_out;      // how many samples it is worth
#ifdef TONE_MODE
layout(rgba32f, binding = 7) uniform writeonly image2D picture_out;
#endif

uniform ivec2 window;
uniform float exposure;       // a factor

void store(ivec2 at, vec4 mean, float count) {
    imageStore(linear_out, at, mean);
    imageStore(count_out, at, vec4(count));
#ifdef TONE_MODE
    imageStore(picture_out, at, developed(mean, exposure, TONE_MODE));
#endif
}

#ifndef HISTORY
void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(at, window))) return;
    float samples = max(imageLoad(moments, at).z, 1.0);
    store(at, imageLoad(color_sum, at) / samples, samples);
}
#else
layout(binding = 3) uniform sampler2D linear_before;
layout(binding = 4) uniform sampler2D count_before;
layout(binding = 6) uniform sampler2D trust_of_tile;  // at most so many samples, less where bricks came since
layout(std140, binding = 0) uniform ParamsBlock { Params now; };
layout(std140, binding = 4) uniform BeforeBlock { Params before; };

uniform ivec2 window_before;  // used texels of the picture before
uniform float trust;          // at most how many samples the picture before counts as
uniform float fade;
uniform int tile;             // its side, pixels
uniform int reach;            // of the neighbourhood, texels: 3 x 3 of them, so far apart

const float CLIP_SIGMAS = 1.5;

// What is like what is seen now is decided as displays show it, or single bright samples would be all that counts. Means
// are taken of radiance itself: of what is shown, they would be too dark while it is noise.
vec4 squeeze(vec4 c) { return vec4(c.rgb / (1.0 + exposure * max(c.r, max(c.g, c.b))), c.a); }

vec4 unsqueeze(vec4 c) { return vec4(c.rgb / max(1.0 - exposure * max(c.r, max(c.g, c.b)), 1e-4), c.a); }

// Where a world point is in the picture before: 0..1 from the top left.
vec2 place_before(vec3 p) {
    vec3 v = p - before.eye.xyz;
    vec2 s = vec2(dot(v, before.right.xyz) / dot(before.right.xyz, before.right.xyz),
                  -dot(v, before.up.xyz) / dot(before.up.xyz, before.up.xyz));
    if (before.eye.w > 0.5) s /= max(dot(v, before.forward.xyz) + before.lens.z, 1e-6);
    return s * 0.5 + 0.5;
}

vec4 sum, squares;
vec2 depth_and_hits;

void look(ivec2 there) {
    vec4 c = imageLoad(color_sum, there), m = imageLoad(moments, there);
    depth_and_hits += vec2(m.x, c.a);
    c = squeeze(c / max(m.z, 1.0));
    sum += c;
    squares += c * c;
}

void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(at, window))) return;
    vec4 here = imageLoad(color_sum, at), m = imageLoad(moments, at);
    float samples = max(m.z, 1.0);
    depth_and_hits = vec2(m.x, here.a);
    here /= samples;
    vec4 c = squeeze(here);
    sum = c;
    squares = c * c;
    // Written out: the loop would cost a software device as much as its body.
    ivec2 lo = max(at - reach, ivec2(0)), hi = min(at + reach, window - 1);
    look(lo);
    look(ivec2(at.x, lo.y));
    look(ivec2(hi.x, lo.y));
    look(ivec2(lo.x, at.y));
    look(ivec2(hi.x, at.y));
    look(ivec2(lo.x, hi.y));
    look(ivec2(at.x, hi.y));
    look(hi);
    vec4 mean = sum / 9.0;
    vec4 sigma = sqrt(max(squares / 9.0 - mean * mean, 0.0));

    // Where nothing was hit around, the point is as far away as the scene's centre: silhouettes move with the scene.
    vec2 s = (vec2(at) + 0.5) / vec2(window) * 2.0 - 1.0;
    vec3 across = now.right.xyz * s.x - now.up.xyz * s.y;
    bool perspective = now.eye.w > 0.5;
    vec3 o = now.eye.xyz + across * (perspective ? now.lens.z : 1.0);
    vec3 d = perspective ? normalize(now.forward.xyz + across) : now.forward.xyz;
    float t = depth_and_hits.y > 0.0 ? depth_and_hits.x / depth_and_hits.y : max(0.0, -dot(o, d));
    vec2 place = place_before(o + d * t);
    float count = 0.0;
    vec4 old = vec4(0.0);
    if (all(greaterThanEqual(place, vec2(0.0))) && all(lessThanEqual(place, vec2(1.0)))) {
        // The used part of the texture, half a texel inside so that filtering does not reach beyond it.
        vec2 texel = clamp(place * vec2(window_before), vec2(0.5), vec2(window_before) - 0.5);
        vec2 uv = texel / vec2(textureSize(linear_before, 0));
        old = squeeze(textureLod(linear_before, uv, 0.0));
        count = min(textureLod(count_before, uv, 0.0).r, min(trust, texelFetch(trust_of_tile, at / tile, 0).r));
    }
    vec4 clipped = clamp(old, mean - CLIP_SIGMAS * sigma - 0.02, mean + CLIP_SIGMAS * sigma + 0.02);
    count *= max(0.0, 1.0 - samples / fade);
    float weight = samples / (samples + count);
    store(at, count > 0.0 ? mix(max(unsqueeze(clipped), 0.0), here, weight) : here, count + samples);
}
#endif
