// Voxels as boxes of one value, beside the trilinear field of bricks.glsl. g is a grid position inside [0, size].
// Needs bricks.glsl, scene_planes ("generated/planes.glsl").

// The centre of the voxel that holds g: filtering there weighs that voxel alone.
vec3 voxel_centre(ivec3 size, vec3 g) { return clamp(floor(g), vec3(0.0), vec3(size - 1)) + 0.5; }

float intensity_nearest_at(int c, ivec3 size, ivec3 bricks, vec3 g) {
    return intensity_at(c, size, bricks, voxel_centre(size, g));
}

// The texel fraction of channel c of volume v at g, as rendering.interpolation asks for it.
float intensity_shown_at(int v, int c, vec3 g) {
    ivec3 size = volumes[v].size.xyz;
    return intensity_at(c, size, volumes[v].bricks.xyz, scene_planes.nearest != 0 ? voxel_centre(size, g) : g);
}

#ifdef HAS_LABELS
// The dense label id at g, likewise: of the voxel that holds g, or with smooth boundaries.
uint label_shown_at(int v, int c, vec3 g) {
    ivec3 size = volumes[v].size.xyz;
    if (scene_planes.nearest == 0) return label_at(c, size, volumes[v].bricks.xyz, g);
    return label_of_voxel(c, size, volumes[v].bricks.xyz, ivec3(voxel_centre(size, g)));
}
#endif
