export { Accuracy, accuracy, TopKAccuracy, topKAccuracy } from './accuracy.ts'
export {
  type ClassDetectionScores,
  type DetectionEvaluationOptions,
  type DetectionReport,
  evaluateDetections,
  formatDetectionReport,
} from './coco-evaluation.ts'
export { ConfusionMatrix, confusionMatrix, formatConfusionMatrix } from './confusion.ts'
export {
  cohenKappa,
  type PrecisionRecallCurve,
  precisionRecallCurve,
  type RocCurve,
  rocCurve,
} from './curves.ts'
export type { DetectedBox, GroundTruthBox } from './detection-matching.ts'
export { Mean, MovingAverage } from './mean.ts'
export { type ImageDetections, type ImageTruths, MeanAveragePrecision } from './mean-average-precision.ts'
export type { Labels, Scores } from './predictions.ts'
export { type ClassificationReport, type ClassScores, classificationReport, formatReport } from './report.ts'
export { evaluateVoc, type VocEvaluationOptions, type VocReport } from './voc-evaluation.ts'
