// Clip planes: a ray against the intersection of half spaces. Unit space; t is in units of the direction's length.
// Needs scene_planes ("generated/planes.glsl").

// The part of span = [t0, t1] of the ray o + t d on the kept side of all planes: n . p <= w for each vec4(n, w).
// Half spaces are convex, so what is left is one interval; it is empty when x >= y.
vec2 clip_to_planes(vec3 o, vec3 d, vec2 span) {
    for (int i = 0; i < scene_planes.clip_count; i++) {
        vec4 plane = scene_planes.clip[i];
        float left = plane.w - dot(plane.xyz, o);  // how far o is on the kept side
        float speed = dot(plane.xyz, d);           // towards the side that is cut away
        if (abs(speed) < 1e-12) {
            // Along the plane: all of the ray is kept, or nothing.
            if (left < 0.0) return vec2(1.0, 0.0);
        } else if (speed > 0.0) {
            span.y = min(span.y, left / speed);
        } else {
            span.x = max(span.x, left / speed);
        }
    }
    return span;
}

// Whether no plane cuts p away by more than `margin`.
bool planes_keep(vec3 p, float margin) {
    for (int i = 0; i < scene_planes.clip_count; i++)
        if (dot(scene_planes.clip[i].xyz, p) > scene_planes.clip[i].w + margin) return false;
    return true;
}
