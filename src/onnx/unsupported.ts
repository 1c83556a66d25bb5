/** Why operators of ONNX are not supported; those of other domains are not listed. */
const reasons: readonly (readonly [reason: string, operators: readonly string[]])[] = [
  ['recurrent networks', ['RNN', 'LSTM', 'GRU']],
  [
    'attention as one operator; written out in others it runs',
    ['Attention', 'LinearAttention', 'RotaryEmbedding', 'SwiGLU', 'CausalConvWithState'],
  ],
  ['loops', ['Scan']],
  [
    'lists and optional values',
    [
      'ConcatFromSequence',
      'Optional',
      'OptionalGetElement',
      'OptionalHasElement',
      'ReverseSequence',
      'SequenceAt',
      'SequenceConstruct',
      'SequenceEmpty',
      'SequenceErase',
      'SequenceInsert',
      'SequenceLength',
      'SequenceMap',
      'SplitToSequence',
    ],
  ],
  ['text', ['RegexFullMatch', 'StringConcat', 'StringNormalizer', 'StringSplit', 'TfIdfVectorizer']],
  ['the shape of the result depends on values', ['NonMaxSuppression', 'Unique']],
  [
    'random numbers of its own',
    ['Bernoulli', 'Multinomial', 'RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike'],
  ],
  ['signal processing', ['BlackmanWindow', 'DFT', 'HammingWindow', 'HannWindow', 'MelWeightMatrix', 'STFT']],
  ['operations on bits', ['BitCast', 'BitShift', 'BitwiseAnd', 'BitwiseNot', 'BitwiseOr', 'BitwiseXor']],
  [
    'no such operation',
    [
      'Acos',
      'Asin',
      'Atan',
      'CumProd',
      'Det',
      'Einsum',
      'ImageDecoder',
      'MaxRoiPool',
      'RoiAlign',
      'TensorScatter',
    ],
  ],
]

/** Operators of ONNX that are not supported, with the reason. */
export const unsupportedReasons: ReadonlyMap<string, string> = new Map(
  reasons.flatMap(([reason, operators]) => operators.map((operator): [string, string] => [operator, reason])),
)
