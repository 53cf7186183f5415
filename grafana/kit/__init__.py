"""What the dashboards share: colours, words, queries, panels and the frame around them."""
