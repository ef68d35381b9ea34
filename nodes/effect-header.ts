/**
 * By which a call names the write of ours that it came of: HTTP calls of a run carry it, and whoever calls us because of
 * one passes it on, so that what the run led to is known for its doing.
 */
export const EFFECT_HEADER = 'Signalbox-Effect'
