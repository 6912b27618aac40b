// While things move the accumulator is small and holds one or a few samples: this smooths it before it is enlarged.
// A 3x3 binomial filter over tone-mapped, premultiplied colours, so that single bright samples stay small. It leaves
// 0.375 of the noise.
#include "lib/colour.glsl"
#include "lib/shown.glsl"

layout(local_size_x = 8, local_size_y = 8) in;
layout(rgba32f, binding = 1) uniform writeonly image2D softened;

void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(at, window))) return;
    vec4 sum = vec4(0.0);
    for (int i = 0; i < 9; i++) {
        ivec2 o = ivec2(i % 3, i / 3) - 1;
        sum += shown(at + o) * float((2 - abs(o.x)) * (2 - abs(o.y)));
    }
    imageStore(softened, at, sum * (1.0 / 16.0));
}
