import { ints } from '../../../onnx/model.ts'
import { booleanOf, field } from '../fields.ts'
import { padding, type Translation } from '../layer.ts'

/** Windows over one or two axes; an average counts only what lies inside, as TensorFlow's does. */
const pooling =
  (op: 'MaxPool' | 'AveragePool', axes: 1 | 2): Translation =>
  (layer) => {
    const input = layer.image(axes + 2)
    const sizes = layer.steps(['pool_size', 'pool_length'], axes, 2)
    const strided = field(layer.config, 'strides', 'stride') !== undefined
    const strides = strided ? layer.steps(['strides', 'stride'], axes) : sizes
    const attributes = {
      ...padding(layer.padsSame),
      kernel_shape: ints(sizes),
      strides: ints(strides),
    }
    return layer.map(op, input, attributes)
  }

const globalPooling =
  (op: 'GlobalAveragePool' | 'GlobalMaxPool', axes: 1 | 2): Translation =>
  (layer) => {
    const input = layer.image(axes + 2)
    const pooled = layer.map(op, input)
    if (booleanOf(layer.config, ['keepdims'], false)) return pooled
    return { name: layer.node('Flatten', [pooled]), rank: 2, swapped: false }
  }

export const poolingLayers: Readonly<Record<string, Translation>> = {
  MaxPooling1D: pooling('MaxPool', 1),
  MaxPooling2D: pooling('MaxPool', 2),
  MaxPool2D: pooling('MaxPool', 2),
  AveragePooling1D: pooling('AveragePool', 1),
  AveragePooling2D: pooling('AveragePool', 2),
  AvgPool2D: pooling('AveragePool', 2),
  GlobalAveragePooling1D: globalPooling('GlobalAveragePool', 1),
  GlobalAveragePooling2D: globalPooling('GlobalAveragePool', 2),
  GlobalAvgPool2D: globalPooling('GlobalAveragePool', 2),
  GlobalMaxPooling1D: globalPooling('GlobalMaxPool', 1),
  GlobalMaxPooling2D: globalPooling('GlobalMaxPool', 2),
  GlobalMaxPool2D: globalPooling('GlobalMaxPool', 2),
}
