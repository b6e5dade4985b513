"""The account: activity times methodology, summed, with intervals, laws and findings."""
