// Normals of isosurfaces. Needs bricks.glsl, scene_planes ("generated/planes.glsl").

// Unit vector along the gradient at g in unit space, either way; central differences one voxel to each side, one-sided
// ones at the faces. Of nearest voxels: across the face that g is on. `otherwise` where the field is flat.
vec3 gradient_normal(int v, int c, vec3 g, vec3 otherwise) {
    vec3 size = vec3(volumes[v].size.xyz), gradient;
    if (scene_planes.nearest != 0) {
        vec3 off = abs(g - round(g));
        gradient = vec3(off.x <= off.y && off.x <= off.z, off.y < off.x && off.y <= off.z,
                        off.z < off.x && off.z < off.y);
    } else {
        for (int axis = 0; axis < 3; axis++) {
            vec3 h = vec3(axis == 0, axis == 1, axis == 2);
            // Beyond the outermost centres the field is constant.
            vec3 side = h * voxel_steps();
            vec3 up = min(g + side, max(size - 0.5, g)), down = max(g - side, min(vec3(0.5), g));
            gradient[axis] = (intensity_at(c, volumes[v].size.xyz, volumes[v].bricks.xyz, up) -
                              intensity_at(c, volumes[v].size.xyz, volumes[v].bricks.xyz, down)) /
                             max(up[axis] - down[axis], 1e-3);
        }
    }
    vec3 n = unit_gradient(v, gradient);
    float steep = length(n);
    return steep > 1e-9 ? n / steep : otherwise;
}
