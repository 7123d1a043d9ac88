"""Criteria applied to patients: eligible, ineligible or undetermined, with the reasons.

Document + Patient ─▶ facts decided ─▶ rules ─▶ criteria ─▶ Screening
"""
