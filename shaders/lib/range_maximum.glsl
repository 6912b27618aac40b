// The largest opacity that a transfer function gives to a range of texels, O(1) by a sparse table:
// max_table[level][i] = the maximum of entries i .. i + 2^level - 1 of the transfer function.
// Needs channels[], transfer.glsl.

layout(std430, binding = 9) readonly buffer MaxTableBuffer { float max_table[]; };

// Filtering rounds: between equal texels it may answer a little less or more than they are. Relative, so that 0 stays 0.
const float ROUNDING = 3e-7;

// Over the packed range of a macrocell, max << 16 | min.
float largest_opacity(int c, uint range) {
    float texel_max = STORAGE_OF(c) == 0 ? 255.0 : 65535.0;
    int a = lut_index(c, float(range & 0xFFFFu) / texel_max * (1.0 - ROUNDING));
    int b = lut_index(c, float(range >> 16u) / texel_max * (1.0 + ROUNDING));
    int level = findMSB(b - a + 1);
    int row = channels[c].table_base + level * LUT_SIZE;
    return max(max_table[row + a], max_table[row + b - (1 << level) + 1]);
}
