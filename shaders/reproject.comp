// The picture that is shown: the samples so far, and what was shown before them, moved to where it is now.
//
// The mean depth of what was hit around a pixel gives a world point; the camera of the picture before says where that
// point was. What was shown there counts as a number of samples, fewer where it differs more from what is seen now, and
// fades as real samples come: after `fade` of them the picture is their mean and nothing else.
// Source: Yang, Liu, Salvi, "A Survey of Temporal Antialiasing Techniques", CGF 39(2), 2020: sections 3.2 (reprojection),
// 4.2 (variance clipping).
#include "generated/layout.glsl"
#include "lib/colour.glsl"
#include "lib/shown.glsl"

layout(local_size_x = 8, local_size_y = 8) in;
layout(rgba32f, binding = 1) uniform readonly image2D moments;
layout(rgba32f, binding = 5) uniform writeonly image2D picture_out;
layout(r32f, binding = 6) uniform writeonly image2D count_out;
layout(binding = 3) uniform sampler2D picture_before;
layout(binding = 4) uniform sampler2D count_before;
layout(std140, binding = 0) uniform ParamsBlock { Params now; };
layout(std140, binding = 4) uniform BeforeBlock { Params before; };

uniform ivec2 window_before;  // used texels of the picture before; 0 = there is none
uniform float samples;        // in the accumulator
uniform float trust;          // at most how many samples the picture before counts as
uniform float most;           // at most how many samples this one will count as
uniform float fade;
uniform int radius;           // of the neighbourhood, texels; not a constant so that loops stay loops

const float CLIP_SIGMAS = 1.5;

// Where a world point is in the picture before: 0..1 from the top left.
vec2 place_before(vec3 p) {
    vec3 v = p - before.eye.xyz;
    vec2 s = vec2(dot(v, before.right.xyz) / dot(before.right.xyz, before.right.xyz),
                  -dot(v, before.up.xyz) / dot(before.up.xyz, before.up.xyz));
    if (before.eye.w > 0.5) s /= max(dot(v, before.forward.xyz), 1e-6);
    return s * 0.5 + 0.5;
}

void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(at, window))) return;
    vec4 here = shown(at);
    float kept = trust * max(0.0, 1.0 - samples / fade);
    if (kept <= 0.0 || window_before.x == 0) {
        imageStore(picture_out, at, here);
        imageStore(count_out, at, vec4(min(samples, most)));
        return;
    }
    vec4 sum = vec4(0.0), squares = vec4(0.0);
    float depth = 0.0, hits = 0.0, n = 0.0;
    for (int y = -radius; y <= radius; y++)
        for (int x = -radius; x <= radius; x++) {
            ivec2 there = clamp(at + ivec2(x, y), ivec2(0), window - 1);
            vec4 c = shown(there);
            sum += c;
            squares += c * c;
            n += 1.0;
            depth += imageLoad(moments, there).x;
            hits += imageLoad(accumulator, there).a;
        }
    vec4 mean = sum / n;
    vec4 sigma = sqrt(max(squares / n - mean * mean, 0.0));

    // Where nothing was hit around, the point is as far away as the scene's centre: silhouettes move with the scene.
    vec2 s = (vec2(at) + 0.5) / vec2(window) * 2.0 - 1.0;
    vec3 across = now.right.xyz * s.x - now.up.xyz * s.y;
    bool perspective = now.eye.w > 0.5;
    vec3 o = perspective ? now.eye.xyz : now.eye.xyz + across;
    vec3 d = perspective ? normalize(now.forward.xyz + across) : now.forward.xyz;
    float t = hits > 0.0 ? depth / hits : max(0.0, -dot(o, d));
    vec2 place = place_before(o + d * t);
    float count = 0.0;
    vec4 old = vec4(0.0);
    if (all(greaterThanEqual(place, vec2(0.0))) && all(lessThanEqual(place, vec2(1.0)))) {
        // The used part of the texture, half a texel inside so that filtering does not reach beyond it.
        vec2 texel = clamp(place * vec2(window_before), vec2(0.5), vec2(window_before) - 0.5);
        vec2 uv = texel / vec2(textureSize(picture_before, 0));
        old = textureLod(picture_before, uv, 0.0);
        count = min(textureLod(count_before, uv, 0.0).r, trust);
    }
    vec4 clipped = clamp(old, mean - CLIP_SIGMAS * sigma - 0.02, mean + CLIP_SIGMAS * sigma + 0.02);
    count *= max(0.0, 1.0 - samples / fade);
    float weight = samples / (samples + count);
    imageStore(picture_out, at, mix(clipped, here, weight));
    imageStore(count_out, at, vec4(min(count + samples, most)));
}
