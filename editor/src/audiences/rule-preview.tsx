import { Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Fragment } from 'react'
import type { Rule } from '../../../engine/model/rule.ts'
import { checkRule } from '../../../engine/rules/check.ts'
import { readProblem } from '../api/problem.ts'
import { asGroup } from '../rules/rule-model.ts'
import { apiOf, type AudienceKind } from './audience-kind.ts'

interface Asked {
  kind: AudienceKind
  subject: 'contact' | 'account'
  rule: Rule
}

/** How many the rule holds for now, and some of them, asked while it is built: what is estimated at first is counted afterwards. */
export function RulePreview({ kind, subject, rule }: Asked) {
  const [settled] = useDebouncedValue(rule, 400)
  const complete = checkRule(rule).length === 0
  if (!complete)
    return (
      <Text size="sm" c="dimmed" role="status">
        {asGroup(rule)?.children.length === 0
          ? 'Add a condition to see who it holds for.'
          : 'Complete the rule to see who it holds for.'}
      </Text>
    )
  // The settled one may be what it was while it was not complete yet.
  return <Counted kind={kind} subject={subject} rule={checkRule(settled).length === 0 ? settled : rule} />
}

function Counted({ kind, subject, rule }: Asked) {
  const api = apiOf(kind)
  const preview = useQuery({ ...api.preview.queryOptions({ subject, rule }), placeholderData: (old) => old })
  const estimated = preview.data !== undefined && !preview.data.exact && !preview.isPlaceholderData
  const counted = useQuery({
    ...api.preview.queryOptions({ subject, rule, exact: true }),
    enabled: estimated,
    // It took its minute; the estimate stays.
    retry: false,
  })
  const shown = (estimated ? counted.data : undefined) ?? preview.data
  return (
    <div
      className="sb-code"
      role="status"
      aria-busy={preview.isFetching}
      style={{ fontFamily: 'inherit', fontSize: '0.8125rem', opacity: preview.isPlaceholderData ? 0.6 : 1 }}
    >
      {preview.isError && <Text size="sm">{readProblem(preview.error).detail}</Text>}
      {preview.isPending && <Text size="sm">Counting…</Text>}
      {preview.isSuccess && shown !== undefined && (
        <>
          <Text size="sm" fw={600}>
            {shown.exact ? '' : 'about '}
            {shown.count.toLocaleString('en')} of {shown.total.toLocaleString('en')}{' '}
            {subject === 'contact' ? 'contacts' : 'accounts'} now
          </Text>
          {!shown.exact && (
            <Text size="sm" c="dimmed">
              Estimated from {shown.checked.toLocaleString('en')} of them, give or take{' '}
              {(shown.margin ?? 0).toLocaleString('en')}.{' '}
              {counted.isError ? readProblem(counted.error).detail : 'The exact count is on its way…'}
            </Text>
          )}
          {shown.sample.length > 0 && (
            <Sample subject={subject} sample={shown.sample} more={shown.count > shown.sample.length} />
          )}
        </>
      )}
    </div>
  )
}

function Sample(props: { subject: Asked['subject']; sample: Array<{ id: string; label: string }>; more: boolean }) {
  const { subject, sample, more } = props
  return (
    <Text size="sm" c="dimmed">
      {sample.map(({ id, label }, index) => (
        <Fragment key={id}>
          {index > 0 && ', '}
          <Link to={subject === 'contact' ? '/contacts/$id' : '/accounts/$id'} params={{ id }} target="_blank">
            {label}
          </Link>
        </Fragment>
      ))}
      {more && ' …'}
    </Text>
  )
}
