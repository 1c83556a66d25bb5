/** How a field is stored as bytes: integers, enums and booleans alike as `int`. */
export type FieldKind = 'int' | 'float' | 'text' | Schema

/** The fields of a message by number: their names in text form, and their kinds. What is not listed is not needed. */
export interface Schema {
  readonly [number: number]: readonly [name: string, kind: FieldKind]
}

const shape: Schema = { 1: ['dim', 'int'] }

const rule: Schema = {
  1: ['phase', 'int'],
  2: ['min_level', 'int'],
  3: ['max_level', 'int'],
  4: ['stage', 'text'],
  5: ['not_stage', 'text'],
}

const convolution: Schema = {
  1: ['num_output', 'int'],
  2: ['bias_term', 'int'],
  3: ['pad', 'int'],
  4: ['kernel_size', 'int'],
  5: ['group', 'int'],
  6: ['stride', 'int'],
  9: ['pad_h', 'int'],
  10: ['pad_w', 'int'],
  11: ['kernel_h', 'int'],
  12: ['kernel_w', 'int'],
  13: ['stride_h', 'int'],
  14: ['stride_w', 'int'],
  16: ['axis', 'int'],
  18: ['dilation', 'int'],
}

const pooling: Schema = {
  1: ['pool', 'int'],
  2: ['kernel_size', 'int'],
  3: ['stride', 'int'],
  4: ['pad', 'int'],
  5: ['kernel_h', 'int'],
  6: ['kernel_w', 'int'],
  7: ['stride_h', 'int'],
  8: ['stride_w', 'int'],
  9: ['pad_h', 'int'],
  10: ['pad_w', 'int'],
  12: ['global_pooling', 'int'],
  13: ['round_mode', 'int'],
}

const transform: Schema = { 3: ['crop_size', 'int'] }
const innerProduct: Schema = {
  1: ['num_output', 'int'],
  2: ['bias_term', 'int'],
  5: ['axis', 'int'],
  6: ['transpose', 'int'],
}
const lrn: Schema = {
  1: ['local_size', 'int'],
  2: ['alpha', 'float'],
  3: ['beta', 'float'],
  4: ['norm_region', 'int'],
  5: ['k', 'float'],
}
const power: Schema = { 1: ['power', 'float'], 2: ['scale', 'float'], 3: ['shift', 'float'] }
const exponential: Schema = { 1: ['base', 'float'], 2: ['scale', 'float'], 3: ['shift', 'float'] }
const concat: Schema = { 1: ['concat_dim', 'int'], 2: ['axis', 'int'] }
const slice: Schema = { 1: ['slice_dim', 'int'], 2: ['slice_point', 'int'], 3: ['axis', 'int'] }
const eltwise: Schema = { 1: ['operation', 'int'], 2: ['coeff', 'float'] }
const relu: Schema = { 1: ['negative_slope', 'float'] }
const softmax: Schema = { 2: ['axis', 'int'] }
const argMax: Schema = { 1: ['out_max_val', 'int'], 2: ['top_k', 'int'], 3: ['axis', 'int'] }
const threshold: Schema = { 1: ['threshold', 'float'] }
const mvn: Schema = { 1: ['normalize_variance', 'int'], 2: ['across_channels', 'int'], 3: ['eps', 'float'] }
const data: Schema = { 5: ['crop_size', 'int'] }
const memoryData: Schema = {
  1: ['batch_size', 'int'],
  2: ['channels', 'int'],
  3: ['height', 'int'],
  4: ['width', 'int'],
}

/** `LayerParameter`, with the layers of SSD's branch from 202 on. Its blobs (7) are not read with it. */
export const layerSchema: Schema = {
  1: ['name', 'text'],
  2: ['type', 'text'],
  3: ['bottom', 'text'],
  4: ['top', 'text'],
  8: ['include', rule],
  9: ['exclude', rule],
  100: ['transform_param', transform],
  103: ['argmax_param', argMax],
  104: ['concat_param', concat],
  106: ['convolution_param', convolution],
  107: ['data_param', data],
  110: ['eltwise_param', eltwise],
  111: ['exp_param', exponential],
  115: ['image_data_param', data],
  117: ['inner_product_param', innerProduct],
  118: ['lrn_param', lrn],
  119: ['memory_data_param', memoryData],
  120: ['mvn_param', mvn],
  121: ['pooling_param', pooling],
  122: ['power_param', power],
  123: ['relu_param', relu],
  125: ['softmax_param', softmax],
  126: ['slice_param', slice],
  128: ['threshold_param', threshold],
  131: ['prelu_param', { 2: ['channel_shared', 'int'] }],
  133: ['reshape_param', { 1: ['shape', shape], 2: ['axis', 'int'], 3: ['num_axes', 'int'] }],
  134: ['log_param', exponential],
  135: ['flatten_param', { 1: ['axis', 'int'], 2: ['end_axis', 'int'] }],
  136: ['reduction_param', { 1: ['operation', 'int'], 2: ['axis', 'int'], 3: ['coeff', 'float'] }],
  138: ['tile_param', { 1: ['axis', 'int'], 2: ['tiles', 'int'] }],
  139: ['batch_norm_param', { 1: ['use_global_stats', 'int'], 3: ['eps', 'float'] }],
  140: ['elu_param', { 1: ['alpha', 'float'] }],
  141: ['bias_param', { 1: ['axis', 'int'], 2: ['num_axes', 'int'] }],
  142: ['scale_param', { 1: ['axis', 'int'], 2: ['num_axes', 'int'], 4: ['bias_term', 'int'] }],
  143: ['input_param', { 1: ['shape', shape] }],
  144: ['crop_param', { 1: ['axis', 'int'], 2: ['offset', 'int'] }],
  147: ['swish_param', { 1: ['beta', 'float'] }],
  148: ['clip_param', { 1: ['min', 'float'], 2: ['max', 'float'] }],
  202: ['permute_param', { 1: ['order', 'int'] }],
  206: ['norm_param', { 1: ['across_spatial', 'int'], 3: ['channel_shared', 'int'], 4: ['eps', 'float'] }],
}

/** `V1LayerParameter`. Its blobs (6) are not read with it. */
export const oldLayerSchema: Schema = {
  1: ['layer', {}],
  2: ['bottom', 'text'],
  3: ['top', 'text'],
  4: ['name', 'text'],
  5: ['type', 'int'],
  9: ['concat_param', concat],
  10: ['convolution_param', convolution],
  11: ['data_param', data],
  15: ['image_data_param', data],
  17: ['inner_product_param', innerProduct],
  18: ['lrn_param', lrn],
  19: ['pooling_param', pooling],
  21: ['power_param', power],
  22: ['memory_data_param', memoryData],
  23: ['argmax_param', argMax],
  24: ['eltwise_param', eltwise],
  25: ['threshold_param', threshold],
  30: ['relu_param', relu],
  31: ['slice_param', slice],
  32: ['include', rule],
  33: ['exclude', rule],
  34: ['mvn_param', mvn],
  36: ['transform_param', transform],
  39: ['softmax_param', softmax],
  41: ['exp_param', exponential],
}

/** `NetParameter` without its layers. */
export const netSchema: Schema = {
  1: ['name', 'text'],
  3: ['input', 'text'],
  4: ['input_dim', 'int'],
  8: ['input_shape', shape],
}

/** Where the layers of a network and their blobs are stored. */
export const places = { layer: 100, oldLayer: 2, layerBlobs: 7, oldLayerBlobs: 6 } as const

/** Types of layers in `V1LayerParameter` by number and name, and what they are called since. */
export const oldTypes: Readonly<Record<number, readonly [old: string, type: string]>> = {
  1: ['ACCURACY', 'Accuracy'],
  2: ['BNLL', 'BNLL'],
  3: ['CONCAT', 'Concat'],
  4: ['CONVOLUTION', 'Convolution'],
  5: ['DATA', 'Data'],
  6: ['DROPOUT', 'Dropout'],
  7: ['EUCLIDEAN_LOSS', 'EuclideanLoss'],
  8: ['FLATTEN', 'Flatten'],
  9: ['HDF5_DATA', 'HDF5Data'],
  10: ['HDF5_OUTPUT', 'HDF5Output'],
  11: ['IM2COL', 'Im2col'],
  12: ['IMAGE_DATA', 'ImageData'],
  13: ['INFOGAIN_LOSS', 'InfogainLoss'],
  14: ['INNER_PRODUCT', 'InnerProduct'],
  15: ['LRN', 'LRN'],
  16: ['MULTINOMIAL_LOGISTIC_LOSS', 'MultinomialLogisticLoss'],
  17: ['POOLING', 'Pooling'],
  18: ['RELU', 'ReLU'],
  19: ['SIGMOID', 'Sigmoid'],
  20: ['SOFTMAX', 'Softmax'],
  21: ['SOFTMAX_LOSS', 'SoftmaxWithLoss'],
  22: ['SPLIT', 'Split'],
  23: ['TANH', 'TanH'],
  24: ['WINDOW_DATA', 'WindowData'],
  25: ['ELTWISE', 'Eltwise'],
  26: ['POWER', 'Power'],
  27: ['SIGMOID_CROSS_ENTROPY_LOSS', 'SigmoidCrossEntropyLoss'],
  28: ['HINGE_LOSS', 'HingeLoss'],
  29: ['MEMORY_DATA', 'MemoryData'],
  30: ['ARGMAX', 'ArgMax'],
  31: ['THRESHOLD', 'Threshold'],
  32: ['DUMMY_DATA', 'DummyData'],
  33: ['SLICE', 'Slice'],
  34: ['MVN', 'MVN'],
  35: ['ABSVAL', 'AbsVal'],
  36: ['SILENCE', 'Silence'],
  37: ['CONTRASTIVE_LOSS', 'ContrastiveLoss'],
  38: ['EXP', 'Exp'],
  39: ['DECONVOLUTION', 'Deconvolution'],
}
